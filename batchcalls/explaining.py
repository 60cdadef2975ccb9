"""Why was, or wasn't, this person called? Each rule with its verdict, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from batchcalls import gate
from batchcalls.models import CallResult, EmergencyStop, Recipient
from batchcalls.states import BATCH_CALLING, RECIPIENT_CLAIMABLE, RecipientStatus
from campaigns.models import Suppression

_NAMES = {
    "do_not_call": "Do-not-call list",
    "calling_hours": "Calling hours",
    "dispatch_hours": "Dispatch hours",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One rule: ``allows`` is None where the rule was not reached."""

    rule: str
    allows: bool | None
    detail: str


def why_called(call: CallResult) -> list[Verdict]:
    """Return the answers that were kept with an attempt, from the moment it was made."""
    return [
        Verdict(rule=_named(name), allows=True, detail=text) for name, text in call.checks.items()
    ]


def why_not(recipient: Recipient, *, now: datetime | None = None) -> list[Verdict]:
    """Ask every rule about a row as it stands, in the order in which they are asked.

    For rows that wait, the answer is the gate's own at this moment; for rows that ended it is the
    reason that was kept.
    """
    now = now or timezone.now()
    batch, account = recipient.batch, recipient.batch.account
    list_allows = recipient.status != RecipientStatus.SKIPPED
    found = [
        Verdict(
            rule="The row",
            allows=list_allows or None if recipient.attempts else list_allows,
            detail=recipient.reason or "can be called",
        )
    ]
    if recipient.status not in RECIPIENT_CLAIMABLE | {RecipientStatus.PENDING}:
        return found
    stop = EmergencyStop.objects.in_force().first()
    due = recipient.due_at is None or recipient.due_at <= now
    found += [
        Verdict(
            rule="Batch",
            allows=batch.status in BATCH_CALLING,
            detail=batch.get_status_display(),
        ),
        Verdict(
            rule="Voice account",
            allows=account.enabled,
            detail=f"{account} is {'on' if account.enabled else 'switched off'}",
        ),
        Verdict(
            rule="Emergency stop",
            allows=stop is None,
            detail="not in force" if stop is None else stop.reason or "in force",
        ),
        Verdict(
            rule="Its time",
            allows=due,
            detail="has come" if due else f"comes {recipient.due_at:%Y-%m-%d %H:%M %Z}",
        ),
    ]
    return [*found, *_asked_at_the_gate(recipient, now)]


def _asked_at_the_gate(recipient: Recipient, now: datetime) -> list[Verdict]:
    suppressed = Suppression.objects.numbers_among([recipient.e164])
    answer = gate.check(recipient.batch, recipient, suppressed=suppressed, now=now)
    if isinstance(answer, gate.Allowed):
        return [
            Verdict(rule=_named(name), allows=True, detail=text)
            for name, text in answer.checks.items()
        ]
    return [Verdict(rule=_named(answer.code), allows=False, detail=answer.message)]


def _named(rule: str) -> str:
    return _NAMES.get(rule, rule.replace("_", " ").capitalize())
