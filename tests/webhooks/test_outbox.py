"""What is told to whom: written with the change, once, and just as things stood."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import results
from batchcalls.drafting.drafts import DraftError
from batchcalls.models import Batch, CallResult, WebhookDelivery, WebhookEndpoint
from batchcalls.states import CallStatus
from batchcalls.voice.base import CallDetails, VoiceEvent
from batchcalls.webhooks import endpoints, outbox, payloads
from campaigns.models import Campaign

pytestmark = pytest.mark.django_db

CRM = "https://crm.example.com/hook"
OWN = "https://shop.example.com/calls"
HUMAN = "+12025550190"
NO_ANSWER, REJECTED = "+12025550191", "+12025550194"

Make = Callable[..., Batch]


def told(**filters: Any) -> list[Any]:
    rows = WebhookDelivery.objects.filter(**filters).order_by("pk")
    return [json.loads(row.body) for row in rows]


def test_each_change_of_a_batch_is_told_in_order_with_how_it_stood_then(
    make_batch: Make, run: Make
) -> None:
    endpoints.create(url=CRM, events=["batch.status"])

    batch = run(make_batch(HUMAN, "not a number"))

    messages = told()
    assert [one["data"]["status"] for one in messages] == [
        event.to_status for event in batch.events.exclude(from_status="").order_by("pk")
    ]
    assert [one["type"] for one in messages] == ["batch.status"] * len(messages)
    assert messages[0]["data"]["totals"] is None
    last = messages[-1]["data"]
    assert (last["status"], last["is_over"]) == ("completed_partial", True)
    assert (last["totals"]["rows"], last["totals"]["skipped"]) == (2, 1)
    assert last["url"].endswith(f"/batchcalls/batch/{batch.pk}/change/")


def test_a_canceled_batch_is_told_with_the_recipients_that_it_left_out(make_batch: Make) -> None:
    endpoints.create(url=CRM)
    batch = make_batch(HUMAN, HUMAN)
    lifecycle.cancel(batch)
    (message,) = told()
    assert message["data"]["status"] == "canceled"


def test_a_change_that_is_rolled_back_is_told_to_nobody(make_batch: Make) -> None:
    endpoints.create(url=CRM)
    batch = make_batch(HUMAN)

    with transaction.atomic():
        lifecycle.submit(batch, launch=True)
        transaction.set_rollback(True)

    assert told() == []


def test_a_finished_call_is_told_with_its_result_and_its_recipient(
    make_batch: Make, run: Make
) -> None:
    endpoints.create(url=CRM, events=["call.finished"])

    batch = run(make_batch(HUMAN))

    call = batch.calls.get()
    (message,) = told()
    data = message["data"]
    assert (message["type"], data["call_id"]) == ("call.finished", str(call.call_id))
    assert (data["status"], data["answered_by"]) == ("completed", "human")
    assert data["transcript"] == call.transcript
    assert data["recipient"]["status"] == "done"
    assert data["recipient"]["request_data"] == {"business_name": "Shop 0"}


def test_endpoints_of_a_campaign_or_a_batch_hear_of_nothing_else(
    make_batch: Make, run: Make
) -> None:
    campaign = Campaign.objects.create(name="Mine", prompt="Hello {{business_name}}.")
    mine = make_batch(HUMAN, prompt="", campaign=campaign)
    other = make_batch(HUMAN)
    of_campaign = endpoints.create(url=CRM, campaign=campaign)
    of_batch = endpoints.create(url=CRM, batch=other)

    run(mine)
    run(other)

    assert {row.batch_id for row in of_campaign.deliveries.all()} == {mine.pk}
    assert {row.batch_id for row in of_batch.deliveries.all()} == {other.pk}
    assert of_campaign.deliveries.filter(event_type="call.finished").count() == 1


def test_an_endpoint_that_is_switched_off_hears_nothing(make_batch: Make, run: Make) -> None:
    endpoint = endpoints.create(url=CRM)
    endpoints.disable(endpoint)

    run(make_batch(HUMAN))

    assert told() == []


@pytest.mark.usefixtures("example_hosts")
def test_each_row_is_reported_once_to_its_own_webhook_in_the_words_of_the_bland_api(
    make_batch: Make, run: Make
) -> None:
    text = (
        "phone_number,business_name,webhook\n"
        f"{HUMAN},A,{OWN}?row=1\n{NO_ANSWER},B,{OWN}?row=2\n{REJECTED},C,{OWN}?row=3\n"
        "+12025550192,D,\n"
    )
    batch = run(make_batch(text=text, map_all=None, column_options=["webhook=webhook"]))

    rows = WebhookDelivery.objects.order_by("pk")
    calls = {str(call.call_id): call for call in batch.calls.select_related("recipient")}
    assert sorted(row.url for row in rows) == [f"{OWN}?row={row}" for row in (1, 2, 3)]
    for row in rows:
        report = json.loads(row.body)
        call = calls[report["call_id"]]
        assert call.recipient.call_settings["webhook"] == row.url
        assert report["batch_id"] == str(batch.pk)
        assert report["completed"] is True
        assert report["status"] == call.status.replace("_", "-")


@pytest.mark.usefixtures("example_hosts")
def test_a_batch_with_a_webhook_for_its_calls_reports_each_of_them(
    make_batch: Make, run: Make
) -> None:
    batch = run(make_batch(HUMAN, NO_ANSWER, call_settings={"webhook": OWN}))

    assert sorted(one["call_id"] for one in told(url=OWN)) == sorted(
        str(call.call_id) for call in batch.calls.all()
    )


@pytest.mark.usefixtures("example_hosts")
def test_evidence_that_comes_again_is_told_once(launched: Make) -> None:
    endpoints.create(url=CRM, events=["call.finished"])
    batch = launched(HUMAN, call_settings={"webhook": OWN})
    now = timezone.now()
    call = CallResult.objects.create(
        batch=batch,
        recipient=batch.recipients.get(),
        account=batch.account,
        attempt=1,
        to_number=HUMAN,
        provider_call_id="c1",
        webhook=OWN,
        claimed_at=now,
    )
    event = VoiceEvent(
        event_key="c1:done",
        provider_call_id="c1",
        status=CallStatus.COMPLETED,
        raw_status="completed",
        occurred_at=now,
        answered_by="human",
        details=CallDetails(duration_seconds=5),
    )

    for _ in range(2):
        results.apply(batch.account_id, [event], now=now)
    call.refresh_from_db()
    outbox.calls_finished([call], now=now)

    assert WebhookDelivery.objects.count() == 2


@pytest.mark.usefixtures("example_hosts")
def test_status_webhook_hears_the_phases_of_the_bland_api_and_batch_webhook_the_end(
    make_batch: Make, run: Make
) -> None:
    urls = {"status_webhook": f"{OWN}/status", "batch_webhook": f"{OWN}/end"}
    batch = run(make_batch(HUMAN, "not a number", **urls))

    phases = told(url=batch.status_webhook)
    assert [one["status"] for one in phases][:2] == ["validating", "dispatching"]
    assert phases[-1]["status"] == "completed_partial"
    assert (phases[-1]["calls_total"], phases[-1]["calls_failed"]) == (2, 1)
    assert phases[-1]["code"] == "fell_short"
    assert phases[-1]["timestamp"].endswith("Z")
    (end,) = told(url=batch.batch_webhook)
    assert end == phases[-1]


def test_a_draft_with_an_address_that_nobody_may_be_sent_to_is_refused(make_batch: Make) -> None:
    with pytest.raises(DraftError, match="begins with https://"):
        make_batch(HUMAN, status_webhook="http://crm.example.com/")
    assert not Batch.objects.exists()


def test_a_canceled_batch_ends_for_programs_that_know_no_such_status(make_batch: Make) -> None:
    batch = make_batch(HUMAN)
    batch.status_webhook = OWN
    batch.save()

    lifecycle.cancel(batch)

    (message,) = told(url=OWN)
    assert (message["status"], message["code"]) == ("completed_partial", "batch_canceled")


def test_where_nobody_listens_calls_cost_one_question_and_batches_two(launched: Make) -> None:
    batch = launched(HUMAN, HUMAN)
    calls = [CallResult(batch=batch, status=CallStatus.COMPLETED) for _ in range(50)]

    with CaptureQueriesContext(connection) as asked:
        outbox.calls_finished(calls, now=timezone.now())
    assert len(asked) == 1

    event = batch.events.order_by("-pk")[0]
    with CaptureQueriesContext(connection) as asked:
        outbox.batch_changed(event)
    assert len(asked) == 2
    assert told() == []


def test_many_calls_are_written_with_a_fixed_number_of_queries(make_batch: Make, run: Make) -> None:
    batch = run(make_batch(*(f"+120255501{index:02}" for index in range(40))))
    endpoints.create(url=CRM)
    endpoints.create(url=CRM, format="bland")
    calls = list(batch.calls.all())

    with CaptureQueriesContext(connection) as few:
        outbox.calls_finished(calls[:1], now=timezone.now())
    with CaptureQueriesContext(connection) as many:
        outbox.calls_finished(calls[1:], now=timezone.now())

    assert WebhookDelivery.objects.count() == 80
    statements = [query["sql"] for query in many if not query["sql"].startswith("INSERT")]
    assert len(statements) <= len(few)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"url": "http://crm.example.com/"}, "begins with https://"),
        ({"url": "https://u:p@crm.example.com/"}, "user name and password"),
        ({"url": "https://crm example/"}, "no full address"),
        ({"url": "ftp://crm.example.com/"}, "begins with https://"),
        ({"url": CRM, "events": []}, "at least one event"),
        ({"url": CRM, "events": ["call.begun"]}, "call.begun is not an event"),
        ({"url": CRM, "format": "xml"}, "not a valid choice"),
    ],
)
def test_an_endpoint_that_makes_no_sense_is_refused(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        endpoints.create(**fields)
    assert not WebhookEndpoint.objects.exists()


def test_what_is_told_is_written_as_javascript_writes_it() -> None:
    text = payloads.dump({"length": 1.0, "price": 0.015, "name": "Größe", "half": "\ud800"})

    assert text == '{"length":1,"price":0.015,"name":"Größe","half":"?"}'
