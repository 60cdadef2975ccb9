"""What providers send: verified, stored once, applied in any order."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as project
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from batchcalls.calling import provider_events, results
from batchcalls.models import Batch, CallEvent, CallResult, Recipient, VoiceAccount
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus

pytestmark = pytest.mark.django_db

SECRET, FORMER = "new-secret", "former-secret"
NUMBER = "+12025550190"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    monkeypatch.setenv("BLAND_WEBHOOK_SECRET", f"{SECRET},{FORMER}")
    monkeypatch.setattr(provider_events, "_rung_at", {})
    monkeypatch.setattr(provider_events, "_accounts", {})


@pytest.fixture
def bland(account: VoiceAccount) -> VoiceAccount:
    return VoiceAccount.objects.create(name="bland", provider="bland")


@pytest.fixture
def call(make_batch: Any, bland: VoiceAccount) -> CallResult:
    """A call that the provider took."""
    batch: Batch = make_batch(NUMBER)
    Batch.objects.update(status=BatchStatus.IN_PROGRESS, row_count=1, account=bland)
    recipient = Recipient.objects.create(
        batch=batch, row_number=2, e164=NUMBER, status="in_call", attempts=1, called=True
    )
    return CallResult.objects.create(
        batch=batch,
        recipient=recipient,
        account=bland,
        attempt=1,
        to_number=NUMBER,
        provider_call_id="c-1",
        claimed_at=timezone.now(),
    )


def report(**changes: Any) -> dict[str, Any]:
    return {
        "call_id": "c-1",
        "to": NUMBER,
        "completed": True,
        "queue_status": "complete",
        "status": "completed",
        "answered_by": "human",
        "created_at": "2026-07-01T12:00:00.000Z",
        "started_at": "2026-07-01T12:00:02.000Z",
        "end_at": "2026-07-01T12:01:02.000Z",
        "corrected_duration": "60",
        "price": 0.155,
        "disposition_tag": "COMPLETED_ACTION",
        "variables": {"business_name": "Shop"},
        "transcripts": [
            {"id": 1, "user": "assistant", "text": "Hello.", "created_at": "2026-07-01T12:00:03Z"},
            {"id": 2, "user": "user", "text": "Hi.", "created_at": "2026-07-01T12:00:05Z"},
        ],
        **changes,
    }


BEGUN = {"call_id": "c-1", "category": "call", "message": "Call started", "log_level": "info"}


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def send(
    client: Client, account: VoiceAccount, payload: Any, *, secret: str = SECRET, **headers: str
) -> Any:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {"X-Webhook-Signature": signature(body, secret), **headers}
    return client.post(
        f"/hooks/voice/{account.pk}/", body, content_type="application/json", headers=headers
    )


def apply(account: VoiceAccount) -> None:
    provider_events.apply_due(account.pk, account.voice_provider(), now=timezone.now())


@pytest.mark.parametrize("secret", [SECRET, FORMER])
def test_a_signed_report_ends_the_call(
    client: Client, bland: VoiceAccount, call: CallResult, secret: str
) -> None:
    assert send(client, bland, report(), secret=secret).status_code == 204
    apply(bland)

    call.refresh_from_db()
    assert (call.status, call.disposition) == (CallStatus.COMPLETED, "COMPLETED_ACTION")
    assert str(call.price) == "0.15500"
    assert [turn["text"] for turn in call.transcript] == ["Hello.", "Hi."]
    assert Recipient.objects.get().status == RecipientStatus.DONE
    event = CallEvent.objects.get()
    assert (event.call, event.apply_at) == (call, None)
    assert event.payload["corrected_duration"] == "60"


def test_storing_asks_the_database_twice_and_leaves_the_work_to_the_engine(
    client: Client, bland: VoiceAccount, call: CallResult, django_assert_max_num_queries: Any
) -> None:
    VoiceAccount.objects.update(lease_until=timezone.now() + timedelta(seconds=60))
    with django_assert_max_num_queries(2):
        send(client, bland, report())
    call.refresh_from_db()
    assert call.status == CallStatus.QUEUED
    assert not OrmQ.objects.exists()


def test_a_webhook_wakes_a_worker_when_none_works_on_the_account(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    for _ in range(3):
        send(client, bland, report())
    assert OrmQ.objects.count() == 1


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
def test_replays_in_any_order_end_the_same(
    client: Client, bland: VoiceAccount, call: CallResult, order: tuple[int, ...], times: int
) -> None:
    for index in order * times:
        assert send(client, bland, [BEGUN, report()][index]).status_code == 204
        apply(bland)

    call.refresh_from_db()
    assert (call.status, call.duration_seconds) == (CallStatus.COMPLETED, 60)
    assert CallEvent.objects.count() == 2


def test_a_later_report_does_not_change_how_a_call_ended(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    send(client, bland, report())
    apply(bland)
    send(client, bland, report(status="failed", answered_by=None))
    apply(bland)

    call.refresh_from_db()
    assert call.status == CallStatus.COMPLETED
    assert Recipient.objects.get().status == RecipientStatus.DONE


def test_a_report_that_overtakes_the_answer_confirms_the_call(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    CallResult.objects.update(provider_call_id=None, status=CallStatus.UNKNOWN)
    Recipient.objects.update(status=RecipientStatus.UNCONFIRMED, reason_code="answer_lost")
    metadata = {"batchcalls_correlation_id": str(call.call_id)}
    send(client, bland, report(metadata=metadata))
    apply(bland)

    call.refresh_from_db()
    assert (call.provider_call_id, call.status) == ("c-1", CallStatus.COMPLETED)
    recipient = Recipient.objects.get()
    assert (recipient.status, recipient.reason_code) == (RecipientStatus.DONE, "")


def test_a_report_of_a_call_that_is_not_known_yet_is_tried_again_and_given_up_after_a_day(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    CallResult.objects.update(provider_call_id=None)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        send(client, bland, report())
        apply(bland)
        waiting = CallEvent.objects.get()
        assert waiting.call is None
        assert waiting.apply_at is not None
        CallResult.objects.update(provider_call_id="c-1")
        clock.move_to(waiting.apply_at)
        apply(bland)
        call.refresh_from_db()
        assert call.status == CallStatus.COMPLETED

        send(client, bland, report(call_id="somebody-elses"))
        apply(bland)
        clock.shift(timedelta(days=1))
        apply(bland)
        given_up = CallEvent.objects.get(event_key__startswith="somebody-elses")
        assert (given_up.call, given_up.apply_at) == (None, None)


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({}, "guessed"),
        ({"X-Webhook-Signature": ""}, SECRET),
        ({"X-Webhook-Signature": "0" * 64}, SECRET),
        ({"X-Webhook-Signature": "é"}, SECRET),
    ],
)
def test_what_is_not_certainly_the_providers_is_refused_and_not_stored(
    client: Client, bland: VoiceAccount, call: CallResult, headers: dict[str, str], secret: str
) -> None:
    answer = send(client, bland, report(), secret=secret, **headers)
    assert answer.status_code == 403
    assert not CallEvent.objects.exists()


def test_without_a_secret_nothing_is_taken(
    client: Client, bland: VoiceAccount, call: CallResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLAND_WEBHOOK_SECRET")
    assert send(client, bland, report(), secret="").status_code == 403


def test_a_body_that_was_changed_on_its_way_is_refused(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    signed = signature(json.dumps(report()).encode())
    answer = send(client, bland, report(price=0), **{"X-Webhook-Signature": signed})
    assert answer.status_code == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"{}", b"\xff", b"[" * 50_000])
def test_what_the_provider_does_not_document_is_refused_in_a_sentence(
    client: Client, bland: VoiceAccount, body: bytes
) -> None:
    answer = send(client, bland, body)
    assert answer.status_code == 400
    assert answer.content.decode().rstrip().endswith(".")
    assert not CallEvent.objects.exists()


def test_a_body_over_the_limit_is_refused_unread(
    client: Client, bland: VoiceAccount, settings: Any
) -> None:
    settings.MAX_WEBHOOK_BYTES = 100
    answer = send(client, bland, report())
    assert answer.status_code == 413
    assert b"at most 100 bytes are accepted" in answer.content


def test_a_large_body_within_the_limit_is_taken(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    size = project.MAX_WEBHOOK_BYTES - 2_000
    assert send(client, bland, report(summary="x" * size)).status_code == 204
    apply(bland)
    call.refresh_from_db()
    assert call.status == CallStatus.COMPLETED


def test_text_that_no_database_takes_is_stored_all_the_same(
    client: Client, bland: VoiceAccount, call: CallResult
) -> None:
    send(client, bland, report(summary="null \x00 and half \ud800 a pair"))
    apply(bland)
    call.refresh_from_db()
    assert call.summary.startswith("null ")


def test_one_event_that_cannot_be_applied_does_not_keep_the_others_waiting(
    client: Client, bland: VoiceAccount, call: CallResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., Any] = results.apply

    def poisoned(account_id: int, events: Any, **options: Any) -> Any:
        if any(event.provider_call_id == "poison" for event in events):
            raise ValueError("boom")
        return real(account_id, events, **options)

    monkeypatch.setattr(results, "apply", poisoned)
    send(client, bland, report(call_id="poison"))
    send(client, bland, report())
    apply(bland)
    call.refresh_from_db()
    assert call.status == CallStatus.COMPLETED


def test_only_posts_are_taken_and_only_of_accounts_that_exist(
    client: Client, bland: VoiceAccount
) -> None:
    assert client.get(f"/hooks/voice/{bland.pk}/").status_code == 405
    assert client.post("/hooks/voice/999/").status_code == 404


def test_the_simulator_takes_none(client: Client, account: VoiceAccount) -> None:
    assert send(client, account, report()).status_code == 403
