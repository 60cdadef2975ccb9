"""Which numbers the calls of an account may reach: recipients, transfers, messages, caller IDs.

Only accounts that ring people have limits. The account's list may have changed since the list of
recipients was checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from batchcalls.models import Batch, Recipient
from campaigns import call_settings
from campaigns.countries import NotPermitted, Permitted


def check(permitted: Permitted, batch: Batch, recipient: Recipient) -> NotPermitted | None:
    """Return why a recipient may not be called, or a number of its call not be used, or None."""
    return (
        permitted.check(recipient.e164)
        or check_settings(permitted, recipient.call_settings)
        or check_settings(permitted, batch.call_settings)
    )


def check_settings(permitted: Permitted | None, settings: Mapping[str, Any]) -> NotPermitted | None:
    """Return why a number in call settings may not be used, and which one, or None."""
    if permitted is None:
        return None
    for path, number in call_settings.numbers_in(settings):
        # The value of a variable is known only when the call is placed.
        if number.startswith("+") and (refused := _check(permitted, number)):
            return replace(refused, message=f"{path} {number}: {refused.message}")
    return None


@lru_cache(maxsize=4096)
def _check(permitted: Permitted, number: str) -> NotPermitted | None:
    return permitted.check(number)
