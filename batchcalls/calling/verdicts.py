"""The verdicts of the gate, and how the rules' refusals become them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from batchcalls.calling import budget
from batchcalls.calling.budget import Shortage
from batchcalls.calling.caller_ids import Unavailable
from batchcalls.states import RecipientStatus
from campaigns.calling_hours import Closed
from campaigns.caps import Capped
from campaigns.consent_demands import Lack
from campaigns.countries import NotPermitted
from campaigns.do_not_call import BanEntry
from campaigns.models import Ban

#: A held number is released by the decision about it; until then it is checked this often.
CHECK_HOLDS_AFTER = timedelta(hours=1)
BUDGET_RESERVED, BUDGET_USED_UP = "budget_reserved", "budget_used_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """All rules allow the call; ``checks`` holds each rule's answer.

    ``from_number`` is the number to call from, blank if the provider chooses it. ``until``: when
    hours close before the latest moment at which the request may be sent.
    """

    checks: dict[str, str]
    from_number: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A rule refuses the call: permanently (skipped) or until ``due_at`` (deferred).

    ``inputs`` says what the rule decided by, beyond the message. ``checks`` are the answers up to
    this one, which is the last: pairs of a rule and a sentence.
    """

    status: RecipientStatus
    code: str
    message: str
    inputs: str = ""
    due_at: datetime | None = None
    checks: Sequence[tuple[str, str]] = ()


def after(checks: Mapping[str, str], rule: str, refused: Refused) -> Refused:
    """Return a rule's refusal with the answers of the rules before it."""
    answer = f"{refused.message} {refused.inputs}".rstrip()
    return replace(refused, checks=[*checks.items(), (rule, answer)])


def undecidable(error: ValueError) -> Refused:
    """Return the refusal of a call of which nobody can say whether it is allowed."""
    return Refused(
        status=RecipientStatus.SKIPPED,
        code="cannot_tell",
        message=f"Could not determine whether this call is allowed: {error}",
    )


def by_list(ban: Ban, entry: BanEntry, now: datetime) -> Refused:
    is_held = ban == Ban.HELD
    return Refused(
        status=RecipientStatus.DEFERRED if is_held else RecipientStatus.SKIPPED,
        code=ban.code,
        message=ban.message,
        inputs=str(entry),
        due_at=now + CHECK_HOLDS_AFTER if is_held else None,
    )


def by_consent(answer: str | Lack) -> str | Refused:
    if isinstance(answer, str):
        return answer
    return Refused(status=RecipientStatus.SKIPPED, code=answer.code, message=answer.message)


def by_destination(refused: NotPermitted) -> Refused:
    """Return the refusal of a call that may not reach a number or a host."""
    return Refused(status=RecipientStatus.SKIPPED, code=refused.code, message=refused.message)


def without_caller_id(why: Unavailable) -> Refused:
    return Refused(
        status=RecipientStatus.DEFERRED if why.due_at else RecipientStatus.SKIPPED,
        code=why.code,
        message=why.message,
        due_at=why.due_at,
    )


def by_hours(closed: Closed, *, code: str = "", inputs: str = "") -> Refused:
    return Refused(
        status=RecipientStatus.DEFERRED if closed.opens_at else RecipientStatus.SKIPPED,
        code=code or closed.reason,
        message=closed.message,
        inputs=inputs,
        due_at=closed.opens_at,
    )


def by_budget(shortage: Shortage, now: datetime) -> Refused:
    """Refuse for a while: what is short is the money, and nothing about the recipient."""
    next_day = shortage.budget.until if shortage.budget.period is budget.Period.DAY else None
    return Refused(
        status=RecipientStatus.DEFERRED,
        code=BUDGET_RESERVED if shortage.waits else BUDGET_USED_UP,
        message=shortage.message,
        due_at=now + budget.WAIT if shortage.waits else next_day or now,
    )


def by_cap(capped: Capped, *, skip: bool, by: str, inputs: str) -> Refused:
    skip = skip and not capped.is_open
    return Refused(
        status=RecipientStatus.SKIPPED if skip else RecipientStatus.DEFERRED,
        code="capped",
        message=f"{capped.message.removesuffix('.')}{by}.",
        inputs=inputs,
        due_at=None if skip else capped.free_at,
    )
