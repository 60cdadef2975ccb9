"""Build a recipient's next attempt at the moment of its claim, or say why there is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import structlog

from batchcalls.calling import call_requests, destinations, gate, verdicts
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import RecipientStatus
from batchcalls.voice.base import CallRequest
from campaigns.prompts import MissingVariable

log = structlog.get_logger(__name__)

#: The first row below a list's header.
FIRST_ROW = 2

#: The columns of an attempt in their order, with their defaults. Working out each default again for
#: each attempt would take as long as the rules.
_FRESH_DEFAULTS: dict[str, Callable[[], Any]] = {
    column.attname: column.default
    for column in CallResult._meta.concrete_fields
    if column.has_default() and callable(column.default) and column.attname != "call_id"
}
_DEFAULTS: dict[str, Any] = {
    column.attname: None if column.attname in _FRESH_DEFAULTS else column.get_default()
    for column in CallResult._meta.concrete_fields
}


class NextAttempt(NamedTuple):
    """An unsaved attempt and its request, which may be sent before ``until`` only."""

    call: CallResult
    request: CallRequest
    until: datetime | None


def next_attempt(
    account: VoiceAccount,
    batch: Batch,
    recipient: Recipient,
    facts: gate.Facts,
) -> NextAttempt | verdicts.Refused:
    """Return the recipient's next attempt, or the reason for refusing it."""
    verdict = gate.check(batch, recipient, facts)
    if isinstance(verdict, verdicts.Refused):
        return verdict
    try:
        call = CallResult(
            *{
                **_DEFAULTS,
                **{name: make() for name, make in _FRESH_DEFAULTS.items()},
                "call_id": _call_id(batch, recipient),
                "batch_id": batch.pk,
                "recipient_id": recipient.pk,
                "account_id": account.pk,
                "attempt": recipient.attempts + 1,
                "tries": recipient.tries,
                "to_number": recipient.e164,
                "from_number": verdict.from_number,
                "webhook": _setting("webhook", batch, recipient),
                "checks": verdict.checks,
                "reserved": facts.purse.most(batch, recipient),
                "claimed_at": facts.now,
            }.values()
        )
        request = call_requests.build(batch, recipient, call)
        # Again, because a {{variable}} may be a number.
        if refused := destinations.check_settings(account.permitted, request.settings):
            return verdicts.after(verdict.checks, "countries", verdicts.by_destination(refused))
        return NextAttempt(call, request, verdict.until)
    except MissingVariable as error:
        missing = verdicts.Refused(
            status=RecipientStatus.SKIPPED, code="missing_variable", message=str(error)
        )
        return verdicts.after(verdict.checks, "variables", missing)
    except ValueError as error:
        # Fail closed, but only for this recipient: the others must not wait.
        log.exception("dispatch.cannot_tell", recipient_id=recipient.pk)
        return verdicts.after(verdict.checks, "cannot_tell", verdicts.undecidable(error))


def _call_id(batch: Batch, recipient: Recipient) -> UUID:
    """Return the id of the next attempt.

    The first attempt of a single call has the id that the API client already received. If that
    attempt was not sent, its row is deleted and a new attempt may reuse the id.
    """
    is_known = recipient.row_number == FIRST_ROW and not recipient.attempts
    return (batch.single_call_id if is_known else None) or uuid4()


def _setting(name: str, batch: Batch, recipient: Recipient) -> str:
    """Return a text call setting: the row's own value, else the batch's."""
    return str(recipient.call_settings.get(name) or batch.call_settings.get(name) or "")
