"""The caps that hold for a batch's calls to one number."""

from __future__ import annotations

from datetime import datetime, timedelta

from batchcalls.models import Batch
from campaigns.caps import Caps
from campaigns.legal_floor import LEGAL_CAPS
from campaigns.rules.packs import Holding


def caps_of(batch: Batch, packs: Holding | None, *, now: datetime) -> Caps:
    """Return the strictest caps: those copied from the policy, those of today, and the law's.

    ``packs`` are the rules for the recipient, or for all recipients in question.
    """
    caps = batch.caps
    if batch.policy_now:
        caps = caps.narrowed(batch.policy_now.caps)
    if packs:
        caps = caps.narrowed(packs.caps)
    return caps.narrowed(LEGAL_CAPS) if batch.account.has_floor(now) else caps


def longest_cap(batch: Batch, packs: Holding | None, *, now: datetime) -> timedelta:
    """Return the longest time over which a batch's caps count; zero without caps."""
    try:
        return caps_of(batch, packs, now=now).longest
    except ValueError:  # `check` then refuses each recipient
        return timedelta(0)
