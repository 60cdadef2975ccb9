"""Webhooks in the back office: adding an endpoint, seeing what was sent, sending it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from batchcalls.models import Batch, WebhookDelivery, WebhookEndpoint
from batchcalls.webhooks import deliver, endpoints, outbox, signing
from tests.admin.call_rows import person
from tests.admin.markup import markup
from tests.webhooks.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db

HUMAN = "+12025550190"
LIST, DELIVERIES = "/batchcalls/webhookendpoint/", "/batchcalls/webhookdelivery/"
FILLED = {"url": "https://crm.example.com/hook", "events": ["call.finished"], "format": "standard"}


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    with receiving() as running:
        yield running


def page_of(row: Any, page: str = "change") -> str:
    return f"/batchcalls/{row._meta.model_name}/{row.pk}/{page}/"


def shown(client: Client, url: str, **query: Any) -> str:
    answer = client.get(url, query)
    assert answer.status_code == 200
    return markup(answer)


def test_an_endpoint_is_added_tested_and_seen_to_have_taken_the_test(
    admin_client: Client, receiver: Receiver
) -> None:
    answer = admin_client.post(f"{LIST}add/", {**FILLED, "url": receiver.url()}, follow=True)
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.events == ["call.finished"]
    assert "Send a test now" in markup(answer)

    admin_client.post(page_of(endpoint, "test"))
    deliver.tick()

    page = shown(admin_client, page_of(endpoint))
    secret = signing.secret_of(endpoint)
    assert secret in page
    assert "webhook.test" in page
    (received,) = receiver.received
    assert Webhook(secret).verify(received.body, received.headers)
    attempt = shown(admin_client, page_of(WebhookDelivery.objects.get()))
    assert "Answered <strong>204</strong>" in attempt
    assert "webhook-timestamp" in attempt
    assert "webhook-signature" not in attempt


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"url": "http://crm.example.com/"}, "begins with https://"),
        ({"events": []}, "Choose at least one event."),
        ({"batch": "nope"}, "No batch has this ID."),
    ],
)
def test_a_form_that_makes_no_sense_says_so_and_loses_nothing(
    admin_client: Client, wrong: dict[str, Any], sentence: str
) -> None:
    answer = admin_client.post(f"{LIST}add/", {**FILLED, "description": "Our CRM", **wrong})

    page = markup(answer)
    assert sentence in page
    assert 'value="Our CRM"' in page
    assert not WebhookEndpoint.objects.exists()


def test_a_change_that_makes_no_sense_leaves_the_endpoint_as_it_was(admin_client: Client) -> None:
    endpoint = endpoints.create(url="https://crm.example.com/hook")

    answer = admin_client.post(page_of(endpoint, "edit"), {**FILLED, "url": "ftp://x"})

    assert "begins with https://" in markup(answer)
    endpoint.refresh_from_db()
    assert endpoint.url == "https://crm.example.com/hook"
    admin_client.post(page_of(endpoint, "edit"), {**FILLED, "format": "bland"})
    endpoint.refresh_from_db()
    assert (endpoint.format, endpoint.events) == ("bland", ["call.finished"])


def test_what_is_done_to_an_endpoint_is_said_before_it_is_done(admin_client: Client) -> None:
    endpoint = endpoints.create(url="https://crm.example.com/hook")
    outbox.send_test(endpoint)
    former = signing.secret_of(endpoint)

    assert "For 24 hours, they are signed with the old one too" in shown(
        admin_client, page_of(endpoint, "rotate")
    )
    admin_client.post(page_of(endpoint, "rotate"))
    page = shown(admin_client, page_of(endpoint))
    assert former not in page
    assert "also signs messages until" in page

    assert "<strong>1</strong> waiting message is given up" in shown(
        admin_client, page_of(endpoint, "disable")
    )
    admin_client.post(page_of(endpoint, "disable"))
    assert "Nothing is sent to it." in shown(admin_client, page_of(endpoint))
    assert "Switched off" in shown(admin_client, LIST)
    delivery = WebhookDelivery.objects.get()
    assert delivery.status == "dead"
    resent = admin_client.post(page_of(delivery, "resend"), follow=True)
    assert "Switch it on first" in markup(resent)

    admin_client.post(page_of(endpoint, "enable"))
    admin_client.post(page_of(delivery, "resend"))
    delivery.refresh_from_db()
    assert delivery.status == "pending"

    assert "The log of <strong>1</strong> message stays." in shown(
        admin_client, page_of(endpoint, "delete")
    )
    admin_client.post(page_of(endpoint, "delete"))
    delivery.refresh_from_db()
    assert delivery.status == "dead"
    assert "This endpoint was deleted" in shown(admin_client, page_of(endpoint))
    assert str(endpoint) not in shown(admin_client, LIST)
    assert str(endpoint) in shown(admin_client, f"{LIST}?state=deleted")
    for page in ("edit", "enable", "rotate", "delete"):
        assert admin_client.get(page_of(endpoint, page)).status_code == 404


def test_nothing_is_changed_by_looking(admin_client: Client) -> None:
    endpoint = endpoints.create(url="https://crm.example.com/hook")
    delivery = outbox.send_test(endpoint)
    for url in (page_of(endpoint, "test"), page_of(delivery, "resend")):
        assert admin_client.get(url).status_code == 405
    for page in ("rotate", "disable", "enable", "delete"):
        admin_client.get(page_of(endpoint, page))
    unchanged = WebhookEndpoint.objects.get()
    assert (unchanged.salt, unchanged.enabled) == (endpoint.salt, True)


def test_a_call_shows_what_was_reported_and_sends_it_again(
    admin_client: Client,
    receiver: Receiver,
    make_batch: Callable[..., Batch],
    run: Callable[..., Batch],
) -> None:
    batch = run(make_batch(HUMAN, call_settings={"webhook": receiver.url("/call")}))
    call = batch.calls.get()
    deliver.tick()
    page = shown(admin_client, page_of(call))
    assert "Webhook deliveries" in page
    assert receiver.url("/call") in page

    delivery = call.webhook_deliveries.get()
    answer = admin_client.post(page_of(delivery, "resend"), {"back": "call"})
    assert answer["Location"] == f"{page_of(call)}#webhooks"
    deliver.tick()

    assert len(receiver.received) == 2
    assert receiver.received[0].body == receiver.received[1].body
    log = shown(admin_client, DELIVERIES, call=str(call.call_id), status="delivered")
    assert receiver.url("/call") in log


def test_the_log_is_narrowed_and_says_when_nothing_matches(
    admin_client: Client, make_batch: Callable[..., Batch], run: Callable[..., Batch]
) -> None:
    endpoint = endpoints.create(url="https://crm.example.com/hook")
    batch = run(make_batch(HUMAN))

    assert shown(admin_client, page_of(endpoint), event_type="call.finished").count(HUMAN) == 1
    assert HUMAN not in shown(admin_client, page_of(endpoint), event_type="batch.status")
    assert "No matching deliveries" in shown(admin_client, DELIVERIES, status="dead")
    assert HUMAN in shown(admin_client, DELIVERIES, batch=str(batch.pk))
    assert "No batch has this ID" in shown(admin_client, DELIVERIES, batch="nope")


def test_what_is_on_its_way_is_followed_until_it_has_arrived(
    admin_client: Client, receiver: Receiver
) -> None:
    endpoint = endpoints.create(url=receiver.url())
    delivery = outbox.send_test(endpoint)
    for row in (endpoint, delivery):
        fragment = markup(admin_client.get(page_of(row), headers={"X-Fragment": "1"}))
        assert '<div id="delivery-' in fragment
        assert "<html" not in fragment
        assert f'data-live="{page_of(row)}"' in fragment

    deliver.tick()

    for row in (endpoint, delivery):
        page = shown(admin_client, page_of(row))
        assert "Delivered" in page
        assert "data-live=" not in page


def test_an_endpoint_that_fails_needs_a_look(admin_client: Client) -> None:
    endpoint = endpoints.create(url="https://crm.example.com/hook", description="Our CRM")
    WebhookEndpoint.objects.update(failing_since=timezone.now(), consecutive_failures=3)
    page = shown(admin_client, "/")
    assert "The webhook Our CRM is failing" in page
    assert page_of(endpoint) in page
    assert "3 deliveries in a row have failed since" in shown(admin_client, page_of(endpoint))

    endpoints.disable(endpoint, reason="It answered 410 Gone: it wants no more.")
    page = shown(admin_client, "/")
    assert "The webhook Our CRM was switched off" in page


def test_whoever_only_looks_sees_the_log_and_no_secret() -> None:
    endpoint = endpoints.create(url="https://crm.example.com/hook")
    delivery = outbox.send_test(endpoint)
    _, viewer = person("view_webhookendpoint", "view_webhookdelivery")

    for page in (LIST, page_of(endpoint), page_of(delivery), DELIVERIES):
        text = shown(viewer, page)
        assert "whsec_" not in text
        assert "Resend" not in text
    assert viewer.post(page_of(delivery, "resend")).status_code == 403
