"""Scripts that measure. Each prints ratios against a baseline named in the same run."""
