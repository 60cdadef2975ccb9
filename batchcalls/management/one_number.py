"""The argument of commands about one number."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import CommandError

from campaigns import e164


def number_of(text: str) -> str:
    """Return a number in E.164. Raise `CommandError` if it cannot be read."""
    parsed = e164.parse(text, region=settings.DEFAULT_REGION)
    if isinstance(parsed, e164.NumberProblem):
        raise CommandError(parsed.message)
    return parsed.e164
