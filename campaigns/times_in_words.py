"""Moments in words: “2026-11-27 09:00 UTC”."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from functools import lru_cache

from django.utils import timezone


def moment_in_words(moment: datetime) -> str:
    """Return a moment (aware) to the minute, in the site's time zone and with its name."""
    return _in_words(moment, timezone.get_default_timezone())


def moments_in_words(moments: Iterable[datetime]) -> str:
    """Return several moments, with commas between them."""
    return ", ".join(map(moment_in_words, moments))


@lru_cache(maxsize=4096)
def _in_words(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"
