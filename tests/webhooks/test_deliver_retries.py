"""Messages that are not taken: tried again, given up, and endpoints that only fail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from batchcalls.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from batchcalls.webhooks import deliver, endpoints, outbox, signing
from tests.webhooks.receiver import NOW, Receiver, send_due

pytestmark = pytest.mark.django_db

# Retries -----------------------------------------------------------------------------------------


def test_what_is_not_taken_is_tried_again_with_waits_that_grow_until_it_is(
    receiver: Receiver, endpoint: WebhookEndpoint, clock: Any
) -> None:
    receiver.answers(500, 503, 200)
    delivery = outbox.send_test(endpoint)

    for number in range(1, 4):
        send_due()
        send_due()  # Nothing is sent before its time.
        assert len(receiver.received) == number
        delivery.refresh_from_db()
        if delivery.next_attempt_at:
            wait = delivery.next_attempt_at - timezone.now()
            assert timedelta(0) < wait <= timedelta(seconds=10 * 2**number)
            clock.move_to(delivery.next_attempt_at + timedelta(seconds=1))

    assert (delivery.status, delivery.attempts) == ("delivered", 3)
    tries = WebhookAttempt.objects.filter(delivery=delivery)
    assert list(tries.values_list("kind", "response_status")) == [
        ("first", 500), ("retry", 503), ("retry", 200)
    ]  # fmt: skip
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert len({one.body for one in receiver.received}) == 1


def test_waits_double_and_are_spread_and_end_at_four_hours() -> None:
    for failures, most in ((1, 10), (2, 20), (5, 160), (30, 4 * 3600)):
        waits = [deliver.wait_after(failures) for _ in range(200)]
        assert all(1 <= wait <= most for wait in waits)
        assert max(waits) - min(waits) > most / 2


@pytest.mark.parametrize("header", ["3600", "Tue, 24 Nov 2026 13:00:00 GMT"])
def test_a_receiver_that_says_when_is_not_asked_before(
    receiver: Receiver, endpoint: WebhookEndpoint, clock: Any, header: str
) -> None:
    receiver.answers(429, retry_after=header)
    delivery = outbox.send_test(endpoint)
    send_due()

    delivery.refresh_from_db()
    assert delivery.next_attempt_at is not None
    wait = delivery.next_attempt_at - NOW
    assert timedelta(minutes=59) < wait < timedelta(minutes=61)


@pytest.mark.parametrize(
    "asked", ["Fri, 31 Dec 9999 23:59:59 -1200", "Fri, 31 Dec 9999 23:59:59 GMT", "999999999"]
)
def test_a_receiver_cannot_ask_for_a_time_beyond_all_dates(
    receiver: Receiver, endpoint: WebhookEndpoint, asked: str
) -> None:
    receiver.answers(503, retry_after=asked)
    delivery = outbox.send_test(endpoint)
    send_due()
    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.last_status) == (1, 503)


def test_what_nobody_takes_for_a_day_is_given_up_and_can_be_sent_again(
    receiver: Receiver, endpoint: WebhookEndpoint, clock: Any
) -> None:
    receiver.answers(500)
    delivery = outbox.send_test(endpoint)
    for _ in range(400):
        send_due()
        delivery.refresh_from_db()
        if delivery.next_attempt_at is None:
            break
        WebhookEndpoint.objects.update(resting_until=None)
        clock.move_to(delivery.next_attempt_at + timedelta(seconds=1))
    assert delivery.status == "dead"
    assert 8 <= delivery.attempts <= 60
    assert timezone.now() - NOW <= timedelta(hours=24, minutes=1)

    receiver.answers(200)
    outbox.resend(delivery)
    send_due()

    delivery.refresh_from_db()
    assert delivery.status == "delivered"
    last = receiver.received[-1]
    assert last.headers["webhook-id"] == receiver.received[0].headers["webhook-id"]
    assert WebhookAttempt.objects.filter(delivery=delivery).last().kind == "resend"


def test_what_nobody_could_send_for_a_day_is_given_up(
    receiver: Receiver, endpoint: WebhookEndpoint, clock: Any
) -> None:
    delivery = outbox.send_test(endpoint)
    clock.shift(timedelta(hours=25))

    send_due()

    delivery.refresh_from_db()
    assert (delivery.status, receiver.received) == ("dead", [])
    assert delivery.last_error == deliver.TOO_LATE


# Endpoints that fail -----------------------------------------------------------------------------


def test_an_endpoint_that_says_gone_is_switched_off_with_all_that_waits(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    receiver.answers(410)
    first = outbox.send_test(endpoint)
    send_due()

    first.refresh_from_db()
    endpoint.refresh_from_db()
    assert (first.status, endpoint.enabled) == ("dead", False)
    assert "410" in endpoint.disabled_reason
    with pytest.raises(outbox.CannotSend, match="switched off"):
        outbox.resend(first)


def test_an_endpoint_that_only_failed_for_five_days_is_switched_off(
    receiver: Receiver, endpoint: WebhookEndpoint, clock: Any
) -> None:
    receiver.answers(500)
    for _ in range(6):
        assert endpoint.enabled
        outbox.send_test(endpoint)
        send_due()
        endpoint.refresh_from_db()
        clock.shift(timedelta(days=1))

    assert not endpoint.enabled
    assert "No delivery has succeeded for 5 days" in endpoint.disabled_reason

    endpoints.enable(endpoint)
    receiver.answers(200)
    outbox.send_test(endpoint)
    send_due()
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.consecutive_failures) == (True, 0)


def test_one_message_that_is_taken_makes_up_for_those_that_were_not(
    receiver: Receiver, endpoint: WebhookEndpoint, clock: Any
) -> None:
    receiver.answers(500, 200, 500)
    outbox.send_test(endpoint)
    send_due()
    clock.shift(timedelta(days=6))
    for _ in range(2):
        outbox.send_test(endpoint)
        send_due()

    endpoint.refresh_from_db()
    assert endpoint.enabled
    assert endpoint.consecutive_failures == 1


def test_an_endpoint_that_fails_again_and_again_is_left_alone_for_a_while(
    receiver: Receiver, endpoint: WebhookEndpoint, clock: Any
) -> None:
    receiver.answers(500)
    for _ in range(40):
        outbox.send_test(endpoint)
    WebhookDelivery.objects.update(attempts=0)
    send_due()

    assert len(receiver.received) < 40
    sent = len(receiver.received)
    send_due()
    assert len(receiver.received) == sent
    clock.shift(timedelta(seconds=301))
    send_due()
    assert len(receiver.received) > sent


def test_a_hiccup_long_after_an_outage_does_not_switch_an_endpoint_off(
    receiver: Receiver, endpoint: WebhookEndpoint, clock: Any
) -> None:
    receiver.answers(500, 500, 200)
    outbox.send_test(endpoint)
    send_due()
    WebhookDelivery.objects.all().delete()
    clock.shift(timedelta(days=7))  # Nothing was sent, so nothing was taken.
    delivery = outbox.send_test(endpoint)
    send_due()
    endpoint.refresh_from_db()
    assert endpoint.enabled
    delivery.refresh_from_db()
    assert delivery.status == "pending"


def test_a_change_leaves_what_others_wrote_meanwhile(endpoint: WebhookEndpoint) -> None:
    stale = WebhookEndpoint.objects.get(pk=endpoint.pk)
    secret = endpoints.rotate_secret(endpoint)
    endpoints.disable(endpoint, reason="It answered 410.")
    endpoints.change(stale, description="The CRM", events=["call.finished"])
    endpoint.refresh_from_db()
    assert signing.secret_of(endpoint) == secret
    assert (endpoint.enabled, endpoint.description) == (False, "The CRM")
    assert endpoint.events == ["call.finished"]
