"""Calls whose answer was lost, and a provider that only answers questions about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone

from batchcalls.calling import reconcile
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus
from batchcalls.voice.base import CallAccepted, CallRequest, Lookup, Pulled, VoiceProvider, always

NUMBER = "+12025550190"


class Oracle(VoiceProvider):
    """A provider that only answers questions."""

    kind, label = "oracle", "Oracle"

    def __init__(self, answer: Lookup | Exception) -> None:
        self.answer = answer
        self.asked: list[CallRequest] = []
        self.sent_between: tuple[datetime | None, datetime] | None = None

    def check_connection(self) -> Any:
        raise AssertionError("Nobody asked.")

    def place(self, request: CallRequest, *, may_send: Callable[[], None] = always) -> CallAccepted:
        raise AssertionError("Somebody was dialed.")

    def find(
        self, request: CallRequest, *, sent_at: datetime, since: datetime | None = None
    ) -> Lookup:
        self.asked.append(request)
        self.sent_between = since, sent_at
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def stop(self, call: Any, *, hang_up: bool, now: datetime) -> Pulled:
        return Pulled(events=[], next_event_at=None)

    def pull(self, call: Any, *, after: datetime | None, until: datetime) -> Pulled:
        if isinstance(self.answer, Exception):
            raise self.answer
        return Pulled(events=[], next_event_at=None)


def lose(batch: Batch) -> CallResult:
    """Store a call of the batch whose answer was lost."""
    now = timezone.now()
    Batch.objects.filter(pk=batch.pk).update(
        status=BatchStatus.IN_PROGRESS, row_count=1, queued_through=2
    )
    recipient = Recipient.objects.create(
        batch=batch,
        row_number=2,
        e164=NUMBER,
        request_data={"business_name": "Shop"},
        status=RecipientStatus.UNCONFIRMED,
        reason_code="answer_lost",
        reason="Lost.",
        due_at=now,
        attempts=1,
        tries=1,
    )
    return CallResult.objects.create(
        batch=batch,
        recipient=recipient,
        account=batch.account,
        attempt=1,
        tries=1,
        to_number=NUMBER,
        status=CallStatus.UNKNOWN,
        claimed_at=now,
        next_check_at=now,
    )


def ask(account: VoiceAccount, oracle: Oracle) -> None:
    """Ask about what is due now, and apply the answers."""
    with reconcile.Enquirer(account, oracle) as enquirer:
        enquirer.step()


def check(call: CallResult, answer: Lookup | Exception) -> Oracle:
    oracle = Oracle(answer)
    ask(call.account, oracle)
    call.refresh_from_db()
    call.recipient.refresh_from_db()
    return oracle
