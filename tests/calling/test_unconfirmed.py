"""A person settles a call of which the provider could not tell, and the batch's log keeps it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import ticks, unconfirmed
from batchcalls.models import Batch, BatchEvent, CallResult, Recipient, VoiceAccount
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus

pytestmark = pytest.mark.django_db

NUMBER = "+12025550190"


@pytest.fixture
def lost(make_batch: Any, account: VoiceAccount) -> CallResult:
    """A call of which nobody could tell, in a batch that is over because of it."""
    batch: Batch = make_batch(NUMBER)
    now = timezone.now()
    Batch.objects.update(status=BatchStatus.IN_PROGRESS, row_count=1, queued_through=2)
    recipient = Recipient.objects.create(
        batch=batch,
        row_number=2,
        e164=NUMBER,
        request_data={"business_name": "Shop"},
        status=RecipientStatus.UNCONFIRMED,
        reason_code="answer_lost",
        reason="Lost.",
        attempts=1,
    )
    call = CallResult.objects.create(
        batch=batch,
        recipient=recipient,
        account=account,
        attempt=1,
        to_number=NUMBER,
        status=CallStatus.UNKNOWN,
        claimed_at=now,
    )
    lifecycle.settle(batch, now=now)
    call.refresh_from_db()
    assert call.batch.status == BatchStatus.COMPLETED_PARTIAL
    return call


@pytest.fixture
def ann() -> User:
    user = User.objects.create_user("ann", password="secret", is_staff=True)
    for name in ("settle_callresult", "view_callresult", "view_batch"):
        user.user_permissions.add(Permission.objects.get(codename=name))
    return user


def settle(client: Client, call: CallResult, verdict: str, **fields: str) -> Any:
    page = reverse("admin:batchcalls_callresult_settle", args=[call.pk])
    return client.post(page, {"verdict": verdict, **fields}, follow=True)


def log_of(call: CallResult) -> list[tuple[str, str]]:
    events = BatchEvent.objects.filter(batch=call.batch, code="call_settled")
    return [(str(event.actor), event.message) for event in events]


def test_it_was_not_placed_calls_again_and_reopens_the_batch(
    lost: CallResult, ann: User, client: Client, run: Any
) -> None:
    client.force_login(ann)
    settle(client, lost, "not_placed", note="Not in the provider's list.")

    lost.batch.refresh_from_db()
    assert (lost.batch.status, lost.batch.ended_at) == (BatchStatus.DISPATCHING, None)
    assert Recipient.objects.get().status == RecipientStatus.QUEUED
    [(actor, message)] = log_of(lost)
    assert actor == "ann"
    assert "Row 2" in message
    assert str(lost.call_id) in message
    assert "Not in the provider's list." in message
    assert run(lost.batch, launch=False).status == BatchStatus.COMPLETED
    first, second = CallResult.objects.order_by("attempt")
    assert (first.pk, first.status, first.ended_at is None) == (lost.pk, "not_placed", False)
    assert (second.attempt, second.status) == (2, "completed")


def test_it_was_placed_calls_nobody_again(lost: CallResult, ann: User, client: Client) -> None:
    client.force_login(ann)
    settle(client, lost, "placed")

    lost.refresh_from_db()
    assert (lost.status, lost.error_code) == (CallStatus.FAILED, "result_unknown")
    recipient = Recipient.objects.get()
    assert (recipient.status, recipient.called) == (RecipientStatus.FAILED, True)
    assert "ann says that it was placed" in recipient.reason
    assert len(log_of(lost)) == 1
    page = settle(client, lost, "not_placed")
    assert "no longer unconfirmed" in page.content.decode()
    assert Recipient.objects.get().status == RecipientStatus.FAILED


def test_with_the_providers_id_the_result_is_fetched(
    lost: CallResult, ann: User, client: Client, run: Any
) -> None:
    client.force_login(ann)
    call_id = f"sim-1-{lost.call_id.hex}"
    settle(client, lost, "placed", provider_call_id=call_id)
    ticks.tick_account(lost.account_id, seconds=1)
    lost.refresh_from_db()
    assert (lost.provider_call_id, lost.status) == (call_id, CallStatus.COMPLETED)
    assert Recipient.objects.get().status == RecipientStatus.DONE


def test_an_id_of_another_call_is_refused(lost: CallResult, ann: User) -> None:
    other = Recipient.objects.create(batch=lost.batch, row_number=3, e164="+12025550191")
    CallResult.objects.create(
        batch=lost.batch,
        recipient=other,
        account=lost.account,
        attempt=1,
        to_number=other.e164,
        provider_call_id="p-1",
        claimed_at=timezone.now(),
    )
    with pytest.raises(unconfirmed.CannotSettle, match="another call"):
        unconfirmed.was_placed(lost, actor=ann, provider_call_id="p-1")
    lost.refresh_from_db()
    assert lost.status == CallStatus.UNKNOWN


def test_while_the_provider_is_asked_nobody_is_called_on_a_persons_word(
    lost: CallResult, ann: User
) -> None:
    CallResult.objects.update(next_check_at=timezone.now())
    with pytest.raises(unconfirmed.CannotSettle, match="still being asked"):
        unconfirmed.was_not_placed(lost, actor=ann)
    assert Recipient.objects.get().status == RecipientStatus.UNCONFIRMED


def test_a_canceled_batch_calls_nobody_again(lost: CallResult, ann: User) -> None:
    Batch.objects.update(status=BatchStatus.CANCELED)
    with pytest.raises(unconfirmed.CannotSettle, match="Canceled"):
        unconfirmed.was_not_placed(lost, actor=ann)
    assert Recipient.objects.get().status == RecipientStatus.UNCONFIRMED


def test_only_who_may_settle_does_and_sees_the_link(
    lost: CallResult, ann: User, client: Client
) -> None:
    client.force_login(ann)
    page = reverse("admin:batchcalls_callresult_change", args=[lost.pk])
    assert "Was it placed?" in client.get(page).content.decode()
    ann.user_permissions.remove(Permission.objects.get(codename="settle_callresult"))
    assert "Was it placed?" not in client.get(page).content.decode()

    assert settle(client, lost, "not_placed").status_code == 403
    assert Recipient.objects.get().status == RecipientStatus.UNCONFIRMED


def test_an_id_for_a_call_that_was_not_placed_is_refused(
    lost: CallResult, ann: User, client: Client
) -> None:
    client.force_login(ann)
    page = settle(client, lost, "not_placed", provider_call_id="p-1")
    assert "has no id" in page.content.decode()
    assert Recipient.objects.get().status == RecipientStatus.UNCONFIRMED
