"""The rule packs that hold for a batch's calls to a recipient, and how their answers read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from batchcalls.models import Batch, VoiceAccount
from campaigns.calling_hours import Closed
from campaigns.models import RulePackSwitch
from campaigns.rules import packs
from campaigns.rules.packs import Holding

#: The name of the rule in checks, and the reason code of rows that wait for it.
RULE: Final = "rule_packs"
CLOSED_BY_RULES: Final = "closed_by_rule_pack"


def switched_off(account: VoiceAccount, *, now: datetime) -> frozenset[str]:
    """Return the packs and entries that people switched off; none matters without real phones."""
    return RulePackSwitch.objects.keys(now) if account.dials_people else frozenset()


def back_at(off: frozenset[str], *, now: datetime) -> datetime | None:
    """Return when the first of the packs and entries that are off holds again, or None."""
    return RulePackSwitch.objects.first_end(now) if off else None


def holding(batch: Batch, places: str, *, now: datetime, off: frozenset[str]) -> Holding | None:
    """Return what holds for calls to one of the places; None for accounts that ring nobody."""
    if not batch.account.dials_people:
        return None
    return packs.holding(places, batch.purpose, packs.in_force(now), off)


def explained(closed: Closed, rules: Holding, *, now: datetime, zones: Sequence[str]) -> Closed:
    """Name the pack and the entry that allow no call now."""
    if closed.reason == "unknown_timezone":
        return closed
    return replace(closed, message=rules.why_closed(now, zones))
