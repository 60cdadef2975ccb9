"""One recipient is called again because a person says so, and under the rules of then."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from batchcalls.batches import lifecycle, retrying
from batchcalls.models import AuditEntry, Batch, CallResult, Recipient
from batchcalls.states import BatchStatus, RecipientStatus
from campaigns.models import Suppression
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

NUMBER = "+12025550190"


@pytest.fixture
def over(make_batch: Any, run: Any) -> Batch:
    done: Batch = run(make_batch(NUMBER))
    return done


def test_a_person_who_was_reached_is_called_once_more_and_no_one_else(
    admin_client: Client, over: Batch, run: Any
) -> None:
    call = CallResult.objects.get()
    page = f"/batchcalls/callresult/{call.pk}/again/"
    assert page in markup(admin_client.get(f"/batchcalls/callresult/{call.pk}/change/"))
    shown = markup(admin_client.get(page))
    assert "Do-not-call list" in shown  # the verdict of each rule, as of now
    assert CallResult.objects.count() == 1
    admin_client.post(page)
    over.refresh_from_db()
    assert over.status == BatchStatus.DISPATCHING
    run(over, launch=False)
    assert list(over.calls.order_by("attempt").values_list("attempt", flat=True)) == [1, 2]


def test_a_second_click_does_not_call_twice(over: Batch, admin_user: User) -> None:
    recipient = over.recipients.select_related("batch").get()
    retrying.call_again(recipient, actor=admin_user)
    assert not retrying.may_call_again(Recipient.objects.select_related("batch").get())
    with pytest.raises(lifecycle.Conflict, match="this recipient is waiting"):
        retrying.call_again(recipient, actor=admin_user)


def test_a_calling_batch_goes_on_and_the_log_says_who_asked(over: Batch, admin_user: User) -> None:
    Batch.objects.filter(pk=over.pk).update(status=BatchStatus.IN_PROGRESS, ended_at=None)
    retrying.call_again(over.recipients.get(), actor=admin_user)
    over.refresh_from_db()
    assert over.status == BatchStatus.IN_PROGRESS
    assert over.events.filter(code="call_again", actor=admin_user).exists()
    assert AuditEntry.objects.filter(action="reopened", actor_name=admin_user.username).exists()


def test_a_canceled_batch_places_no_further_call(over: Batch) -> None:
    Batch.objects.filter(pk=over.pk).update(status=BatchStatus.CANCELED)
    recipient = over.recipients.select_related("batch").get()
    assert not retrying.may_call_again(recipient)
    with pytest.raises(lifecycle.Conflict):
        retrying.call_again(recipient, actor=None)
    assert over.recipients.get().status == RecipientStatus.DONE


def test_a_number_that_opted_out_meanwhile_is_not_called_again(
    admin_client: Client, over: Batch, run: Any
) -> None:
    Suppression.objects.create(e164=NUMBER)
    call = CallResult.objects.get()
    assert ">No</span>" in markup(admin_client.get(f"/batchcalls/callresult/{call.pk}/again/"))
    admin_client.post(f"/batchcalls/callresult/{call.pk}/again/")
    run(over, launch=False)
    assert over.calls.count() == 1
    assert over.recipients.get().reason_code == "do_not_call"
