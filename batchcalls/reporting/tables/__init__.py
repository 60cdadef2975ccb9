"""The columns of lists, shared by all pages that list the same rows."""
