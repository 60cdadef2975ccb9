"""The difference between two clocks, for people."""

from __future__ import annotations

#: A provider's clock counts as different from ours beyond this.
NOTICED_SECONDS = 60.0


def in_words(ahead_seconds: float) -> str:
    """Return for example "300 s ahead of"; the name of the other clock follows."""
    return f"{abs(ahead_seconds):,.0f} s {'ahead of' if ahead_seconds > 0 else 'behind'}"
