"""What arrives at a real receiver: signed, once, in order, and nowhere else."""

from __future__ import annotations

import hmac
import logging
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.core import serializers
from django.db import connections
from django.utils import timezone
from django_q.models import OrmQ
from standardwebhooks import Webhook, WebhookVerificationError

from batchcalls import tasks
from batchcalls.models import Batch, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from batchcalls.webhooks import deliver, endpoints, outbox, signing
from tests.webhooks.receiver import Receiver, send_due

pytestmark = pytest.mark.django_db

HUMAN = "+12025550190"
Make = Callable[..., Batch]


def verified(endpoint: WebhookEndpoint, received: Any, secret: str = "") -> Any:
    secret = secret or signing.secret_of(endpoint)
    return Webhook(secret).verify(received.body, received.headers)


# Signatures --------------------------------------------------------------------------------------


def test_a_message_arrives_with_a_signature_that_the_library_accepts(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    delivery = outbox.send_test(endpoint)
    send_due()

    (received,) = receiver.received
    assert verified(endpoint, received)["type"] == "webhook.test"
    assert received.headers["webhook-id"] == delivery.event_id
    assert received.headers["content-type"] == "application/json"
    delivery.refresh_from_db()
    assert (delivery.status, delivery.last_status) == ("delivered", 204)


def test_a_message_that_was_tampered_with_is_told_from_a_genuine_one(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    outbox.send_test(endpoint)
    send_due()
    (received,) = receiver.received

    for body, headers in (
        (received.body.replace(b"test", b"Test"), received.headers),
        (received.body, {**received.headers, "webhook-id": "msg_other"}),
        (received.body, {**received.headers, "webhook-timestamp": "1"}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(signing.secret_of(endpoint)).verify(body, headers)


def test_a_bland_compatible_message_also_carries_the_signature_of_that_api(
    receiver: Receiver,
) -> None:
    endpoint = endpoints.create(url=receiver.url(), format="bland")
    outbox.send_test(endpoint)
    send_due()

    (received,) = receiver.received
    key = signing.secret_of(endpoint).encode()
    expected = hmac.new(key, received.body, sha256).hexdigest()
    assert received.headers["x-webhook-signature"] == expected
    verified(endpoint, received)


def test_a_former_secret_signs_along_for_a_day_and_not_longer(
    receiver: Receiver, endpoint: WebhookEndpoint, clock: Any
) -> None:
    former = signing.secret_of(endpoint)
    fresh = endpoints.rotate_secret(endpoint)
    assert former != fresh

    outbox.send_test(endpoint)
    send_due()
    verified(endpoint, receiver.received[0], former)
    verified(endpoint, receiver.received[0], fresh)

    clock.shift(timedelta(hours=25))
    outbox.send_test(endpoint)
    send_due()
    verified(endpoint, receiver.received[1], fresh)
    with pytest.raises(WebhookVerificationError):
        verified(endpoint, receiver.received[1], former)


def test_a_bland_receiver_verifies_each_message_while_it_changes_its_secret(
    receiver: Receiver, clock: Any
) -> None:
    """It knows one secret, then both, and then the new one. It cannot know that one sooner."""
    endpoint = endpoints.create(url=receiver.url(), format="bland")
    former = signing.secret_of(endpoint)

    def accepts(*secrets: str) -> bool:
        outbox.send_test(endpoint)
        send_due()
        last = receiver.received[-1]
        signature = last.headers["x-webhook-signature"]
        made = [hmac.new(one.encode(), last.body, sha256).hexdigest() for one in secrets]
        return signature in made

    fresh = endpoints.rotate_secret(endpoint)
    assert accepts(former)
    clock.shift(timedelta(hours=23))
    assert accepts(former)
    assert accepts(former, fresh)
    clock.shift(timedelta(hours=2))
    assert accepts(former, fresh)
    assert accepts(fresh)


def test_no_secret_is_in_the_database_or_in_the_log(
    receiver: Receiver, endpoint: WebhookEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    former = signing.secret_of(endpoint)
    endpoints.rotate_secret(endpoint)
    outbox.send_test(endpoint)
    send_due()

    rows = [*WebhookEndpoint.objects.all(), *WebhookDelivery.objects.all()]
    kept = serializers.serialize("json", [*rows, *WebhookAttempt.objects.all()])
    signature = receiver.received[0].headers["webhook-signature"]
    for secret in (former, signing.secret_of(endpoint), *signature.split()):
        for text in (kept, caplog.text):
            assert secret.removeprefix("whsec_").removeprefix("v1,") not in text


# Where it goes -----------------------------------------------------------------------------------


def test_a_redirect_is_not_followed(receiver: Receiver, endpoint: WebhookEndpoint) -> None:
    receiver.answers(307, location=receiver.url("/elsewhere"))
    delivery = outbox.send_test(endpoint)
    send_due()

    assert [one.path for one in receiver.received] == ["/hook"]
    delivery.refresh_from_db()
    assert (delivery.status, delivery.last_status) == ("pending", 307)
    assert "redirect" in delivery.last_error


def test_a_name_that_answers_differently_the_second_time_leads_nowhere(
    receiver: Receiver, endpoint: WebhookEndpoint, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(receiver.base.rpartition(":")[2])
    answers = ["8.8.8.8", "127.0.0.1"]
    asked: list[str] = []
    connected: list[Any] = []

    def resolve(host: str, *args: Any, **options: Any) -> list[Any]:
        if host[0].isdigit():  # What was judged is a number by now, and no question.
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[len(asked) - 1], port))]

    def connect(self: Any, address: Any) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    endpoint.url = "https://hooks.example.com/hook"
    endpoint.save()

    delivery = outbox.send_test(endpoint)
    send_due()
    assert (asked, connected) == (["hooks.example.com"], ["8.8.8.8"])

    # Asked once more, the name leads inside: refused before anything is connected to.
    outbox.resend(delivery)
    send_due()
    assert (len(asked), connected) == (2, ["8.8.8.8"])
    delivery.refresh_from_db()
    assert "private network" in delivery.last_error
    assert receiver.received == []


def test_an_address_in_a_private_network_is_refused_unless_its_host_is_named(
    receiver: Receiver, endpoint: WebhookEndpoint, settings: Any
) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = []
    endpoint.url = "https://127.0.0.1/hook"
    endpoint.save()
    delivery = outbox.send_test(endpoint)
    send_due()

    delivery.refresh_from_db()
    assert (delivery.last_status, receiver.received) == (None, [])
    assert "private network" in delivery.last_error


def test_a_receiver_that_is_away_is_said_to_be_away(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint.url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        endpoint.save()
        delivery = outbox.send_test(endpoint)
        send_due()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.failures) == ("pending", 1)
    assert delivery.last_error == "Could not connect: the connection was refused or broken off."


def test_of_a_long_answer_the_beginning_is_kept(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    receiver.answers(200)
    receiver.body = b"\x00ok " + b"x" * 1_000_000
    delivery = outbox.send_test(endpoint)
    send_due()

    attempt = delivery.tries.get()
    assert attempt.response_excerpt.startswith("\ufffdok xxx")
    assert len(attempt.response_excerpt) == 4_096
    assert "webhook-signature" not in attempt.request_headers


# Order, and side by side -------------------------------------------------------------------------


def test_statuses_of_a_batch_arrive_in_order_even_when_one_fails(
    receiver: Receiver, make_batch: Make, run: Make
) -> None:
    endpoints.create(url=receiver.url(), events=["batch.status"])
    receiver.answers(500, 204)
    batch = run(make_batch(HUMAN, "+12025550192"))

    send_due()

    seen = [one.json["data"]["status"] for one in receiver.received]
    assert seen == list(
        batch.events.exclude(from_status="").order_by("pk").values_list("to_status", flat=True)
    )


def test_each_row_with_a_webhook_gets_exactly_one_report(
    receiver: Receiver, make_batch: Make, run: Make
) -> None:
    rows = "".join(
        f"+12025550{index},{receiver.url(f'/row{index}')}\n" for index in range(120, 150)
    )
    given = {"map_all": None, "column_options": ["webhook=webhook"], "prompt": "Hello."}
    batch = run(make_batch(text=f"phone_number,webhook\n{rows}", **given))

    send_due()
    send_due()

    paths = sorted(one.path for one in receiver.received)
    assert paths == [f"/row{index}" for index in range(120, 150)]
    secret = signing.shared_secret()
    for received in receiver.received:
        report = Webhook(secret).verify(received.body, received.headers)
        assert report["batch_id"] == str(batch.pk)
        signature = hmac.new(secret.encode(), received.body, sha256).hexdigest()
        assert received.headers["x-webhook-signature"] == signature


@pytest.mark.django_db(transaction=True)
def test_two_deliverers_at_once_send_each_message_once(
    receiver: Receiver, make_batch: Make, run: Make
) -> None:
    endpoint = endpoints.create(url=receiver.url())
    for _ in range(60):
        outbox.send_test(endpoint)
    start = threading.Barrier(2)

    def work() -> None:
        try:
            start.wait()
            send_due()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    ids = [one.headers["webhook-id"] for one in receiver.received]
    assert len(ids) == len(set(ids)) == 60
    assert not WebhookDelivery.objects.waiting().exists()


def test_a_process_that_died_between_sending_and_recording_costs_one_more_under_the_same_id(
    receiver: Receiver, endpoint: WebhookEndpoint, clock: Any
) -> None:
    delivery = outbox.send_test(endpoint)
    (leased,) = deliver.lease([delivery.pk])
    deliver.send(leased)  # And here it dies.

    send_due()
    assert len(receiver.received) == 1

    clock.shift(deliver.LEASE + timedelta(seconds=1))
    send_due()
    send_due()
    assert len(receiver.received) == 2
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1


def test_an_endpoint_that_is_deleted_while_it_is_sent_to_keeps_nobody_else_from_being_noted(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    other = endpoints.create(url=receiver.url("/other"))
    pks = [outbox.send_test(one).pk for one in (endpoint, other)]
    told = [(one, deliver.send(one)) for one in deliver.lease(pks)]
    endpoints.delete(endpoint)

    deliver.record(told, now=timezone.now())

    statuses = dict(WebhookDelivery.objects.values_list("endpoint", "status"))
    assert statuses == {endpoint.pk: "dead", other.pk: "delivered"}


def test_a_slow_endpoint_does_not_keep_the_others_waiting(
    receiver: Receiver, endpoint: WebhookEndpoint, settings: Any
) -> None:
    settings.WEBHOOK_THREADS = 4
    quick = endpoints.create(url=receiver.url("/quick"))
    arrived = threading.Event()

    def answer(received: Any) -> tuple[int, dict[str, str]]:
        if received.path == "/quick":
            arrived.set()
            return 204, {}
        return (204 if arrived.wait(20) else 500), {}

    receiver.answer = answer
    for _ in range(10):
        outbox.send_test(endpoint)
    last = outbox.send_test(quick)

    send_due()

    last.refresh_from_db()
    assert last.status == "delivered"
    assert not WebhookDelivery.objects.exclude(last_status=204).exists()


# The queue ---------------------------------------------------------------------------------------


def test_the_sweep_finds_what_lost_its_ring_and_forgets_what_is_old(
    receiver: Receiver, endpoint: WebhookEndpoint, clock: Any, settings: Any
) -> None:
    outbox.send_test(endpoint)
    tasks.deliver_webhooks()
    assert len(receiver.received) == 1

    clock.shift(timedelta(days=settings.WEBHOOK_LOG_DAYS + 1))
    young = outbox.send_test(endpoint)
    deliver.sweep()

    assert list(WebhookDelivery.objects.all()) == [young]


@pytest.mark.django_db(transaction=True)
def test_however_much_there_is_to_tell_one_message_waits_in_the_queue(
    endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    for _ in range(20):
        outbox.send_test(endpoint)
    assert OrmQ.objects.count() == 1

    tasks.deliver_webhooks()  # All were sent; what comes now rings again.
    assert len(receiver.received) == 20
    outbox.send_test(endpoint)
    assert OrmQ.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_message_of_the_queue_that_was_lost_is_replaced(
    endpoint: WebhookEndpoint, clock: Any
) -> None:
    outbox.send_test(endpoint)
    OrmQ.objects.all().delete()
    clock.shift(timedelta(minutes=2))
    deliver.sweep()
    assert OrmQ.objects.count() == 1


def test_a_call_can_be_reported_to_another_address_afterwards_but_not_twice(
    receiver: Receiver, make_batch: Make, run: Make
) -> None:
    call = run(make_batch(HUMAN)).calls.get()
    outbox.report(call, receiver.url("/later"))
    send_due()
    assert receiver.received[0].json["call_id"] == str(call.call_id)

    with pytest.raises(outbox.CannotSend, match="before"):
        outbox.report(call, receiver.url("/later"))
