"""Webhook endpoints and deliveries by API."""

from __future__ import annotations

from typing import Any

import pytest

from batchcalls.models import IdempotentRequest, WebhookDelivery, WebhookEndpoint
from batchcalls.webhooks import endpoints, outbox, signing
from tests.api.conftest import MakeProgram, Program

pytestmark = pytest.mark.django_db

ENDPOINTS, DELIVERIES = "/api/v1/webhook-endpoints", "/api/v1/webhook-deliveries"
URL = "https://crm.example.com/calls"


@pytest.fixture
def endpoint() -> WebhookEndpoint:
    return endpoints.create(url=URL)


def test_an_endpoint_is_added_with_what_it_is_told_of(program: Program) -> None:
    sent = {"url": URL, "events": ["call.finished"], "description": "The CRM"}
    answer = program.post(ENDPOINTS, sent, Idempotency_Key="a")
    assert answer.status_code == 201
    stored = WebhookEndpoint.objects.get()
    assert (stored.url, stored.events, stored.created_by) == (
        URL,
        ["call.finished"],
        program.key.owner,
    )
    assert answer["Location"].endswith(f"{ENDPOINTS}/{stored.pk}")
    # What is kept to answer a repeated request holds no secret.
    secret = signing.secret_of(stored)
    assert secret not in str(list(IdempotentRequest.objects.values()))
    assert secret not in answer.content.decode()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "http://crm.example.com"}, "/url"),
        ({"url": "https://user:word@example.com"}, "/url"),
        ({}, "/url"),
        ({"url": URL, "events": ["call.rang"]}, "/events"),
        ({"url": URL, "events": []}, ""),
        ({"url": URL, "campaign": 999}, "/campaign"),
        ({"url": URL, "evnts": []}, "/evnts"),
    ],
)
def test_what_is_wrong_is_pointed_at(program: Program, body: dict[str, Any], pointer: str) -> None:
    answer = program.post(ENDPOINTS, body)
    assert answer.status_code == 400
    assert any(one["pointer"].startswith(pointer) for one in answer.json()["errors"])
    assert not WebhookEndpoint.objects.exists()


def test_an_endpoint_is_switched_off_and_on(program: Program, endpoint: WebhookEndpoint) -> None:
    address = f"{ENDPOINTS}/{endpoint.pk}"
    assert program.patch(address, {"enabled": False}).json()["disabled_at"]
    answer = program.post(f"{address}/test")
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_send")
    assert program.patch(address, {"enabled": True, "description": "x"}).json()["enabled"]
    answer = program.post(f"{address}/test")
    assert answer.status_code == 202
    assert answer.json()["event_type"] == "webhook.test"


def test_a_secret_is_shown_and_replaced(program: Program, endpoint: WebhookEndpoint) -> None:
    address = f"{ENDPOINTS}/{endpoint.pk}"
    shown = program.get(f"{address}/secret")
    assert shown.json() == {"secret": signing.secret_of(endpoint)}
    assert "no-store" in shown["Cache-Control"]
    made = program.post(f"{address}/rotate").json()["secret"]
    assert made != shown.json()["secret"]
    assert program.get(f"{address}/secret").json() == {"secret": made}


def test_the_secret_is_for_those_who_may_change_the_endpoint(
    make_program: MakeProgram, endpoint: WebhookEndpoint
) -> None:
    viewer = make_program("Viewers")
    assert viewer.get(f"{ENDPOINTS}/{endpoint.pk}").status_code == 200
    assert viewer.get(f"{ENDPOINTS}/{endpoint.pk}/secret").status_code == 403


def test_a_message_is_read_in_full_and_sent_again(
    program: Program, endpoint: WebhookEndpoint
) -> None:
    delivery = outbox.send_test(endpoint)
    endpoints.disable(endpoint)
    endpoints.enable(endpoint)
    [listed] = program.get(f"{DELIVERIES}?status=dead").json()["results"]
    assert "body" not in listed
    address = f"{DELIVERIES}/{delivery.pk}"
    shown = program.get(address).json()
    assert (shown["body"], shown["tries"]) == (delivery.body, [])
    assert shown["event_id"] == delivery.event_id
    again = program.post(f"{address}/resend")
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    assert WebhookDelivery.objects.get().status == "pending"


def test_an_endpoint_is_removed(program: Program, endpoint: WebhookEndpoint) -> None:
    assert program.delete(f"{ENDPOINTS}/{endpoint.pk}").status_code == 204
    assert program.get(f"{ENDPOINTS}/{endpoint.pk}").json()["deleted_at"]
    assert program.delete(f"{ENDPOINTS}/{endpoint.pk}").status_code == 404


def test_a_message_about_a_call_is_read_by_those_who_may_read_calls(
    make_program: MakeProgram, make_batch: Any, run: Any
) -> None:
    endpoints.create(url=URL)
    run(make_batch("+12025550190"))
    about = WebhookDelivery.objects.filter(event_type="call.finished").get()
    watcher = make_program(scopes=["webhooks:read"])
    listed = watcher.get(DELIVERIES).content.decode()
    assert "+12025550190" not in listed
    assert watcher.get(f"{DELIVERIES}/{about.pk}").status_code == 403
    reader = make_program(scopes=["webhooks:read", "calls:read"])
    assert "+12025550190" in reader.get(f"{DELIVERIES}/{about.pk}").json()["body"]
