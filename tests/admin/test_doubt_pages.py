"""Pages say that an attempt was given up, and that somebody may have been called twice."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.calling import recording
from batchcalls.models import AuditEntry, CallResult
from batchcalls.voice.base import CallAbsent, CallAccepted
from tests.calling.asking import NUMBER, check, lose

pytestmark = pytest.mark.django_db


@pytest.fixture
def given_up(make_batch: Any) -> CallResult:
    call = lose(make_batch(NUMBER))
    check(call, CallAbsent())
    return call


def pages(client: Client, call: CallResult) -> dict[str, str]:
    """Return the text of the pages of the call, its recipient and its batch."""
    rows = {"callresult": call.pk, "recipient": call.recipient_id, "batch": call.batch_id}
    return {
        kind: client.get(reverse(f"admin:batchcalls_{kind}_change", args=[pk])).content.decode()
        for kind, pk in rows.items()
    }


def test_an_attempt_that_was_given_up_is_shown_as_such(
    given_up: CallResult, admin_client: Client
) -> None:
    shown = pages(admin_client, given_up)

    assert "This attempt was given up" in shown["callresult"]
    assert "Not placed" in shown["recipient"]
    assert str(given_up.call_id) in shown["batch"]
    assert not any("turned out to exist" in text for text in shown.values())
    log = admin_client.get(reverse("admin:batchcalls_callresult_changelist"), {"all": "1"})
    assert "Not placed" in log.content.decode()


def test_a_possible_double_dial_is_on_every_page_of_the_call(
    given_up: CallResult, admin_client: Client
) -> None:
    second = CallResult.objects.create(
        batch=given_up.batch,
        recipient=given_up.recipient,
        account=given_up.account,
        attempt=2,
        to_number=NUMBER,
        provider_call_id="p-2",
        claimed_at=timezone.now(),
    )
    recording.record([(given_up, CallAccepted(provider_call_id="p-1"))])

    for call in (given_up, second):
        for text in pages(admin_client, call).values():
            assert "turned out to exist" in text
            assert "may have been called twice" in text
            assert "p-1" in text
    assert "p-2" in pages(admin_client, given_up)["batch"]
    dashboard = admin_client.get("/").content.decode()
    assert "someone may have been called twice" in dashboard
    assert "p-1" in dashboard


def test_a_person_attaches_the_providers_id_to_an_attempt_that_was_given_up(
    given_up: CallResult, admin_client: Client
) -> None:
    page = reverse("admin:batchcalls_callresult_settle", args=[given_up.pk])
    assert page in pages(admin_client, given_up)["callresult"]
    assert "Call again" not in admin_client.get(page).content.decode()
    assert "This field is required" in admin_client.post(page, {"note": ""}).content.decode()
    admin_client.post(page, {"provider_call_id": "p-1"})

    given_up.refresh_from_db()
    assert (given_up.provider_call_id, given_up.status) == ("p-1", "queued")
    assert given_up.recipient.calls.count() == 1
    events = set(given_up.batch.events.values_list("code", flat=True))
    assert {"call_settled", "possible_double_dial"} <= events
    entry = AuditEntry.objects.get(action="settled")
    assert (entry.kind, entry.actor_name) == ("batchcalls.callresult", "admin")
