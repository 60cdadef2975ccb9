"""Explains why a recipient was, or was not, called: each rule with its verdict, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from batchcalls.calling import gate
from batchcalls.database import clock
from batchcalls.intake.validation import REFUSALS
from batchcalls.models import CallResult, EmergencyStop, Recipient
from batchcalls.models.batch import DuplicateChoice
from batchcalls.states import (
    BATCH_CALLING,
    CALL_GIVEN_UP,
    LIST_UNUSABLE,
    RECIPIENT_LEFT_OUT,
    RECIPIENT_NOT_YET_PLACED,
    RecipientStatus,
)
from campaigns.e164 import NumberProblemCode
from campaigns.models import Ban

NUMBER, DUPLICATES, CONSENT, VARIABLES = "Number", "Duplicates", "Consent", "Variables"
DO_NOT_CALL, HOURS, CAPS, BATCH = "Do-not-call list", "Calling hours", "Frequency caps", "Batch"
TIME_ZONE, BUDGET = "Time zone", "Budget"

_NAMES = {
    "do_not_call": DO_NOT_CALL,
    "time_zone": TIME_ZONE,
    "legal_hours": "Legal hours",
    "calling_hours": HOURS,
    "policy_hours": "Policy’s hours today",
    "dispatch_hours": "Dispatch hours",
    "caps": CAPS,
    "budget": BUDGET,
}
#: The rule for each reason code.
_RULE_OF: dict[str, str] = {
    **dict.fromkeys(map(str, NumberProblemCode), NUMBER),
    "blank_row": NUMBER,
    "duplicate": DUPLICATES,
    **dict.fromkeys(["no_consent", "consent_unclear", *REFUSALS], CONSENT),
    **dict.fromkeys(["missing_variable", "value_too_long"], VARIABLES),
    **dict.fromkeys(["prompt_and_pathway", "bad_prompt"], VARIABLES),
    **dict.fromkeys((ban.code for ban in Ban), DO_NOT_CALL),
    **dict.fromkeys(["outside_calling_hours", "blackout_date"], HOURS),
    **dict.fromkeys(["unknown_timezone", "never_open"], HOURS),
    "capped": CAPS,
    **dict.fromkeys(["budget_used_up", "budget_reserved"], BUDGET),
    "called_at_this_hour": "Another hour",
    **dict.fromkeys(["batch_canceled", "batch_failed", LIST_UNUSABLE], BATCH),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict of one rule. ``allows`` is None if the rule was not reached."""

    rule: str
    allows: bool | None
    detail: str


def why_called(call: CallResult) -> list[Verdict]:
    """Return the verdicts stored with an attempt, from the moment it was created."""
    return [
        Verdict(rule=_named(name), allows=True, detail=text) for name, text in call.checks.items()
    ]


def why_not(recipient: Recipient, *, now: datetime | None = None) -> list[Verdict]:
    """Return the verdict of every rule on a row, in the order in which the rules are checked.

    For a waiting row the gate itself decides, as of ``now``. A row that ended, or is being called,
    shows the verdicts from the check of its list and from its last attempt.
    """
    now = now or clock.now()
    if recipient.status in RECIPIENT_NOT_YET_PLACED:
        return [*_of_list(recipient), *_of_batch(recipient, now), *_of_gate(recipient, now)]
    call = recipient.calls.order_by("-attempt").first()
    found = [*_of_list(recipient), *(why_called(call) if call else [])]
    if recipient.status not in RECIPIENT_LEFT_OUT or any(
        verdict.allows is False for verdict in found
    ):
        return found
    rule = _RULE_OF.get(recipient.reason_code) or _named(recipient.reason_code)
    others = [verdict for verdict in found if verdict.rule != rule]
    return [*others, Verdict(rule=rule, allows=False, detail=recipient.reason)]


def _of_list(recipient: Recipient) -> Iterator[Verdict]:
    """Yield the verdicts from the check of the row's list, as stored with the row."""
    batch = recipient.batch
    refused = ""
    if recipient.status == RecipientStatus.SKIPPED:
        refused = _RULE_OF.get(recipient.reason_code, "")
    each_row = batch.duplicates == DuplicateChoice.CALL_EACH_ROW
    found = {
        NUMBER: f"{recipient.e164} is valid" if recipient.e164 else "not known",
        DUPLICATES: "each row is called" if each_row else "no earlier row has the number",
        CONSENT: "required, and the row has it" if batch.consent_required else "not required",
    }
    if refused == VARIABLES:
        found[VARIABLES] = ""
    for rule, detail in found.items():
        if rule == refused:
            yield Verdict(rule=rule, allows=False, detail=recipient.reason)
            return  # The check stopped here: later rules were not evaluated.
        yield Verdict(rule=rule, allows=True if recipient.e164 else None, detail=detail)


def _of_batch(recipient: Recipient, now: datetime) -> Iterator[Verdict]:
    """Yield the verdicts for all rows of the batch, and for the row's own start time."""
    batch, account = recipient.batch, recipient.batch.account
    status = str(batch.get_status_display())
    yield Verdict(
        rule=BATCH,
        allows=batch.status in BATCH_CALLING,
        detail=f"{status}: {batch.reason}" if batch.reason else status,
    )
    state = "is on" if account.enabled else "is switched off"
    yield Verdict(rule="Voice account", allows=account.enabled, detail=f"{account} {state}")
    stop = EmergencyStop.objects.in_force().first()
    yield Verdict(
        rule="Emergency stop",
        allows=stop is None,
        detail="not in force" if stop is None else stop.reason or "in force",
    )
    start = recipient.due_at or max(
        filter(None, (recipient.start_at, batch.start_at)), default=None
    )
    is_due = start is None or start <= now
    detail = "has come" if is_due or start is None else f"comes at {_written(start)}"
    yield Verdict(rule="Start time", allows=is_due, detail=detail)


def _of_gate(recipient: Recipient, now: datetime) -> Iterator[Verdict]:
    """Yield the gate's verdicts. It does not check the rules after a refusal."""
    try:
        facts = gate.facts_about(recipient.batch, recipient, now=now)
        answer = gate.check(recipient.batch, recipient, facts)
    except ValueError as error:
        # As when dialing: an undecidable rule counts as a refusal.
        detail = f"It could not be told whether this call may be made: {error}"
        yield Verdict(rule=HOURS, allows=False, detail=detail)
        return
    if isinstance(answer, gate.Allowed):
        for name, text in answer.checks.items():
            yield Verdict(rule=_named(name), allows=True, detail=text)
        return
    *passed, (rule, message) = answer.checks
    for name, text in passed:
        yield Verdict(rule=_named(name), allows=True, detail=text)
    again = f" It may be dialed from {_written(answer.due_at)}." if answer.due_at else ""
    yield Verdict(rule=_named(rule), allows=False, detail=message + again)


def _written(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M %Z}"


def _named(rule: str) -> str:
    return _NAMES.get(rule, rule.replace("_", " ").capitalize())


def turned_up(attempts: Sequence[CallResult]) -> dict[str, Any]:
    """Return a recipient's attempts that were given up but exist, and whether others exist too."""
    called = [one for one in attempts if one.status not in CALL_GIVEN_UP]
    found = [one for one in called if one.has_turned_up]
    return {"turned_up": found, "called_again": len(called) > 1}
