"""Explains why a recipient was, or was not, called: each rule with its verdict, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from batchcalls.calling import caller_ids, gate, rule_packs, verdicts
from batchcalls.calling.destinations import UNREADABLE
from batchcalls.calling.verdicts import BUDGET_RESERVED, BUDGET_USED_UP
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
from campaigns.allowed_hosts import HOST_NOT_ALLOWED
from campaigns.consent_demands import LACKS
from campaigns.countries import COUNTRY_NOT_ALLOWED, KIND_NOT_ALLOWED
from campaigns.e164 import NumberProblemCode
from campaigns.models import Ban
from campaigns.times_in_words import moment_in_words

NUMBER, DUPLICATES, CONSENT, VARIABLES = "Number", "Duplicates", "Consent", "Variables"
DO_NOT_CALL, HOURS, CAPS, BATCH = "Do-not-call list", "Calling hours", "Frequency caps", "Batch"
TIME_ZONE, START_TIME, ANOTHER_HOUR = "Time zone", "Start time", "Another hour"
RULE_PACKS, COUNTRIES, CALLER_ID = "Rule packs", "Countries", "Caller ID"
HOSTS = "Allowed hosts"
BUDGET, UNDECIDED = "Budget", "Could not check"

#: The label of each rule that the gate can name, in the order in which the rules are checked.
#: Stored answers are shown in this order, because PostgreSQL does not keep that of a JSON object.
NAMES = {
    "do_not_call": DO_NOT_CALL,
    "countries": COUNTRIES,
    "allowed_hosts": HOSTS,
    "consent": CONSENT,
    "start_time": START_TIME,
    "calling_policy": "Calling policy",
    "legal_floor": "Legal floor",
    "time_zone": TIME_ZONE,
    "legal_hours": "Legal hours",
    rule_packs.RULE: RULE_PACKS,
    "calling_hours": HOURS,
    "policy_hours": "Policy’s hours today",
    "dispatch_hours": "Dispatch hours",
    "another_hour": ANOTHER_HOUR,
    "caps": CAPS,
    "budget": BUDGET,
    "caller_id": CALLER_ID,
    "variables": VARIABLES,
    "cannot_tell": UNDECIDED,
}
_ORDER = {name: place for place, name in enumerate(NAMES)}
#: The rule for each reason code.
_RULE_OF: dict[str, str] = {
    **dict.fromkeys(map(str, NumberProblemCode), NUMBER),
    "blank_row": NUMBER,
    "duplicate": DUPLICATES,
    **dict.fromkeys([*LACKS, *REFUSALS], CONSENT),
    **dict.fromkeys(["missing_variable", "value_too_long"], VARIABLES),
    **dict.fromkeys(["prompt_and_pathway", "no_prompt", "bad_prompt"], VARIABLES),
    **dict.fromkeys((ban.code for ban in Ban), DO_NOT_CALL),
    **dict.fromkeys(["outside_calling_hours", "blackout_date"], HOURS),
    **dict.fromkeys(["unknown_timezone", "never_open"], HOURS),
    rule_packs.CLOSED_BY_RULES: RULE_PACKS,
    "capped": CAPS,
    **dict.fromkeys([BUDGET_USED_UP, BUDGET_RESERVED], BUDGET),
    **dict.fromkeys([COUNTRY_NOT_ALLOWED, KIND_NOT_ALLOWED], COUNTRIES),
    **dict.fromkeys([HOST_NOT_ALLOWED, UNREADABLE], HOSTS),
    **dict.fromkeys(caller_ids.CODES, CALLER_ID),
    "called_at_this_hour": ANOTHER_HOUR,
    "cannot_tell": UNDECIDED,
    **dict.fromkeys(["batch_canceled", "batch_failed", LIST_UNUSABLE], BATCH),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict of one rule. ``allows`` is None if the rule was not reached.

    ``name`` is the rule's name in stored answers; blank for what is checked outside the gate.
    """

    rule: str
    allows: bool | None
    detail: str
    name: str = ""

    @property
    def code(self) -> str:
        """The rule's name for programs."""
        return self.name or re.sub(r"[\W_]+", "_", self.rule.lower())


class DecisionKind(StrEnum):
    """When the rules were checked."""

    LIST = "list"
    ATTEMPT = "attempt"
    REFUSAL = "refusal"
    #: Nothing is decided yet: this is what the rules would say now.
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the rules said about a row at one moment. ``call`` is the attempt that they allowed."""

    kind: DecisionKind
    verdicts: list[Verdict]
    at: datetime | None = None
    call: CallResult | None = None

    @property
    def title(self) -> str:
        """Return which decision it was, as a heading."""
        when = moment_in_words(self.at) if self.at else ""
        if self.call:
            return f"Attempt {self.call.attempt}, checked {when}"
        if self.kind == DecisionKind.PREVIEW:
            return f"If it were dialed now ({when})"
        if self.kind == DecisionKind.LIST:
            return "When the list was checked"
        return f"Last checked {when}" if when else "Reason"


def decisions_about(recipient: Recipient, *, now: datetime | None = None) -> list[Decision]:
    """Return all decisions about a row: of its list, of each attempt, the last refusal, and now.

    A row that waits also has what the rules would say at ``now``.
    """
    calls = recipient.calls.select_related("account").order_by("attempt")
    found = [_at_import(recipient), *map(_of_attempt, calls)]
    if recipient.checks:
        verdicts = _of_refusal(recipient.checks)
        kind = DecisionKind.REFUSAL
        found.append(Decision(kind=kind, at=recipient.checked_at, verdicts=verdicts))
    elif recipient.status in RECIPIENT_LEFT_OUT and not any(
        verdict.allows is False for verdict in found[0].verdicts
    ):
        found.append(Decision(kind=DecisionKind.REFUSAL, verdicts=[_reason_of(recipient)]))
    if recipient.status in RECIPIENT_NOT_YET_PLACED:
        now = now or clock.now()
        kind, verdicts = DecisionKind.PREVIEW, _of_now(recipient, now)
        found.append(Decision(kind=kind, at=now, verdicts=verdicts))
    return found


def if_dialed(recipient: Recipient, *, now: datetime | None = None) -> Decision:
    """Return what the rules would say about a row if it were dialed now."""
    now = now or clock.now()
    verdicts = list(_of_gate(recipient, now))
    return Decision(kind=DecisionKind.PREVIEW, at=now, verdicts=verdicts)


def decisions_before(call: CallResult) -> list[Decision]:
    """Return what allowed an attempt: its own checks, and those of the row's list."""
    return [_of_attempt(call), _at_import(call.recipient)]


def why_called(call: CallResult) -> list[Verdict]:
    """Return the verdicts stored with an attempt, from the moment it was created."""
    return list(_of_answers(call.checks.items()))


def why_not(recipient: Recipient, *, now: datetime | None = None) -> list[Verdict]:
    """Return the verdicts that hold: from the check of the list, and from the last decision.

    That of a waiting row is what the gate would decide at ``now``.
    """
    first, *others = decisions_about(recipient, now=now)
    return [*first.verdicts, *(others[-1].verdicts if others else [])]


def _at_import(recipient: Recipient) -> Decision:
    return Decision(kind=DecisionKind.LIST, verdicts=list(_of_list(recipient)))


def _of_attempt(call: CallResult) -> Decision:
    kind = DecisionKind.ATTEMPT
    return Decision(kind=kind, at=call.claimed_at, verdicts=why_called(call), call=call)


def _reason_of(recipient: Recipient) -> Verdict:
    """Return the verdict of a row that was left out by a person, or before answers were kept."""
    rule = _RULE_OF.get(recipient.reason_code) or name_of(recipient.reason_code)
    return Verdict(rule=rule, allows=False, detail=recipient.reason)


def _of_list(recipient: Recipient) -> Iterator[Verdict]:
    """Yield the verdicts from the check of the row's list, as stored with the row."""
    batch = recipient.batch
    refused = ""
    if recipient.status == RecipientStatus.SKIPPED:
        refused = _RULE_OF.get(recipient.reason_code, "")
    each_row = batch.duplicates == DuplicateChoice.CALL_EACH_ROW
    refused_first = refused in {COUNTRIES, HOSTS, CALLER_ID} and not recipient.checks
    found = {
        NUMBER: f"{recipient.e164} is valid" if recipient.e164 else "not known",
        **({refused: ""} if refused_first else {}),
        DUPLICATES: "each row is called" if each_row else "no earlier row has the number",
    }
    if refused in {CONSENT, VARIABLES}:
        found[refused] = ""
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
    start, due_at = recipient.starts_at(batch), recipient.due_at
    has_started = start is None or start <= now
    detail = "right away"
    if start:
        detail = f"{moment_in_words(start)} {'has come' if has_started else 'is still to come'}"
    yield Verdict(rule=START_TIME, allows=has_started, detail=detail, name="start_time")
    if has_started and due_at and due_at > now:
        detail = f"not before {moment_in_words(due_at)}"
        yield Verdict(rule="Next attempt", allows=False, detail=detail)


def _of_now(recipient: Recipient, now: datetime) -> list[Verdict]:
    """Return what would be said if the row were dialed now."""
    return [*_of_batch(recipient, now), *_of_gate(recipient, now)]


def _of_gate(recipient: Recipient, now: datetime) -> Iterator[Verdict]:
    """Yield the gate's verdicts. It does not check the rules after a refusal."""
    facts = gate.facts_about(recipient.batch, recipient, now=now)
    answer = gate.check(recipient.batch, recipient, facts)
    if isinstance(answer, verdicts.Allowed):
        found = list(_of_answers(answer.checks.items()))
    else:
        due = answer.due_at
        again = f" It may be dialed from {moment_in_words(due)}." if due and due > now else ""
        found = _of_refusal(answer.checks, again)
    # The start time has its own verdict, which also says when a time is still to come.
    yield from (verdict for verdict in found if verdict.rule != START_TIME)


def _of_answers(answers: Iterable[tuple[str, str]]) -> Iterator[Verdict]:
    """Yield answers that allowed the call, in the order of checking."""
    for name, text in sorted(answers, key=lambda answer: _ORDER.get(answer[0], len(_ORDER))):
        yield Verdict(rule=name_of(name), allows=True, detail=text, name=name)


def _of_refusal(answers: Sequence[Sequence[str]], addition: str = "") -> list[Verdict]:
    """Return the answers of a refusal, the last of which refused."""
    *passed, (name, text) = answers
    return [
        *_of_answers((rule, answer) for rule, answer in passed),
        Verdict(rule=name_of(name), allows=False, detail=text + addition, name=name),
        Verdict(rule="Rules after this one", allows=None, detail="not checked"),
    ]


def name_of(rule: str) -> str:
    """Return the name of a rule as people read it."""
    return NAMES.get(rule, rule.replace("_", " ").capitalize())


def turned_up(attempts: Sequence[CallResult]) -> dict[str, Any]:
    """Return a recipient's attempts that were given up but exist, and whether others exist too."""
    called = [one for one in attempts if one.status not in CALL_GIVEN_UP]
    found = [one for one in called if one.has_turned_up]
    return {"turned_up": found, "called_again": len(called) > 1}
