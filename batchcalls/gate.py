"""May this recipient be dialled now? Asked at the moment of dialling, never before.

Each rule answers with a reason code and a sentence; the answers are kept with the attempt or,
for a refusal, with the recipient. What cannot be told counts as no.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from batchcalls import call_requests
from batchcalls.models import Batch, Recipient
from batchcalls.states import RecipientStatus
from campaigns.calling_hours import Closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """All rules agree; ``checks`` holds each rule's answer."""

    checks: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A rule says no: for good (skipped), or until ``due_at`` (deferred)."""

    status: RecipientStatus
    code: str
    message: str
    due_at: datetime | None = None


def check(
    batch: Batch, recipient: Recipient, *, suppressed: set[str], now: datetime
) -> Allowed | Refused:
    """Ask every rule about one recipient.

    The batch's status and the account's switch are not asked here but where the claim is made:
    they hold for all recipients at once. ``suppressed`` are the do-not-call numbers among those
    that are being claimed.
    """
    if recipient.e164 in suppressed:
        return Refused(
            status=RecipientStatus.SKIPPED,
            code="do_not_call",
            message="The number is on the do-not-call list.",
        )
    hours = batch.calling_hours
    if hours.is_unrestricted:
        hours_answer = "no restriction"
    else:
        zones = call_requests.zones_of(batch, recipient)
        verdict = hours.check(now, zones)
        if isinstance(verdict, Closed):
            return _refused_by_hours(verdict)
        hours_answer = f"open in {', '.join(zones)}"
    return Allowed(checks={"do_not_call": "not listed", "calling_hours": hours_answer})


def _refused_by_hours(closed: Closed) -> Refused:
    return Refused(
        status=RecipientStatus.DEFERRED if closed.opens_at else RecipientStatus.SKIPPED,
        code=closed.reason,
        message=closed.message,
        due_at=closed.opens_at,
    )
