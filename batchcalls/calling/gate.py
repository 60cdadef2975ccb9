"""Decide whether a recipient may be dialed now, at the moment of dialing and never before.

Each rule answers with a reason code and a sentence. The answers are stored with the attempt or,
for a refusal, with the recipient. A rule that cannot be evaluated refuses the call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from batchcalls.models import Batch, Recipient
from batchcalls.states import RecipientStatus
from campaigns.calling_hours import CallingHours, Closed
from campaigns.models import Ban, Bans

#: A held number is released by the decision about it; until then it is checked this often.
CHECK_HOLDS_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """All rules allow the call; ``checks`` holds each rule's answer."""

    checks: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A rule refuses the call: permanently (skipped) or until ``due_at`` (deferred)."""

    status: RecipientStatus
    code: str
    message: str
    due_at: datetime | None = None


def check(batch: Batch, recipient: Recipient, *, bans: Bans, now: datetime) -> Allowed | Refused:
    """Check one recipient against every rule.

    The batch's status and the account's switch are the same for all recipients, so
    `claiming.claim` checks them. ``bans`` are the do-not-call entries about the numbers being
    claimed.
    """
    if ban := bans.on(recipient.e164, batch.campaign_id):
        return _refused_by_list(ban, now)
    checks = {"do_not_call": "not listed"}
    own_hours = recipient.call_settings.get("dispatch_hours")
    for rule, hours in rules_of(batch, own_hours or batch.call_settings.get("dispatch_hours")):
        if hours.is_unrestricted:
            checks[rule] = "no restriction"
            continue
        place = recipient.whereabouts
        verdict = hours.check(now, place.zones)
        if isinstance(verdict, Closed):
            return _refused_by_hours(verdict)
        checks["time_zone"] = str(place)
        checks[rule] = f"open in {', '.join(place.zones)}"
    return Allowed(checks=checks)


def rules_of(batch: Batch, daily: dict[str, Any] | None) -> Iterator[tuple[str, CallingHours]]:
    """Yield the policy's hours and, if set, those of the call setting ``dispatch_hours``."""
    yield "calling_hours", batch.calling_hours
    if daily:
        yield "dispatch_hours", _every_day(daily["start"], daily["end"])


@lru_cache(maxsize=256)
def _every_day(start: str, end: str) -> CallingHours:
    """Return the same hours for every day; an end before the start means the next day."""
    spans = [[start, end]] if start < end else [["00:00", end], [start, "24:00"]]
    spans = [span for span in spans if span[0] != span[1]]
    return CallingHours.from_dict({"windows": {str(day): spans for day in range(7)}})


def _refused_by_list(ban: Ban, now: datetime) -> Refused:
    is_held = ban == Ban.HELD
    return Refused(
        status=RecipientStatus.DEFERRED if is_held else RecipientStatus.SKIPPED,
        code=ban.code,
        message=ban.message,
        due_at=now + CHECK_HOLDS_AFTER if is_held else None,
    )


def _refused_by_hours(closed: Closed) -> Refused:
    return Refused(
        status=RecipientStatus.DEFERRED if closed.opens_at else RecipientStatus.SKIPPED,
        code=closed.reason,
        message=closed.message,
        due_at=closed.opens_at,
    )
