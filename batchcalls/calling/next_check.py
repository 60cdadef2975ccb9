"""When to ask the provider about an open call."""

from __future__ import annotations

from datetime import datetime, timedelta

ASK_AGAIN_AFTER = timedelta(seconds=30)


def next_check(named: datetime | None, *, now: datetime) -> datetime:
    """Return when to ask about an open call, even if its provider names no next event."""
    return named or now + ASK_AGAIN_AFTER
