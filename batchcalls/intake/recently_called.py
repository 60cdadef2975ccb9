"""Whether the numbers of many rows were called recently, as expressions of a query."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from batchcalls.models import CallResult, VoiceAccount
from campaigns import same_phone
from campaigns.caps import Caps


def is_called_since(since: datetime, account: VoiceAccount, *, times: int = 1) -> Exists:
    """Return whether a row's number was called so often since a time, in any batch."""
    calls = CallResult.objects.that_may_have_rung(like=account, since=since)
    numbers: list[Any] = [OuterRef("e164")]
    if calls.filter(to_number__gte=same_phone.FIRST, to_number__lt=same_phone.LAST).exists():
        numbers.append(same_phone.twin_in(OuterRef("e164")))
    of_number = calls.filter(to_number__in=numbers).order_by("-claimed_at")
    return Exists(of_number[times - 1 : times])


def may_be_capped(caps: Caps, account: VoiceAccount, *, now: datetime) -> Q:
    """Return whether a row's number may be at a cap: all that are, and a few others.

    The others are calls at the very end of a window, and calls that nobody answered.
    """
    slack = timedelta(seconds=settings.SEND_WITHIN_SECONDS)
    found = Q(pk__in=[])
    for window, limit in caps.limits.values():
        found |= Q(is_called_since(now - window.length - slack, account, times=limit))
    return found
