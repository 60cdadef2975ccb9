"""A webhook is believed when it is signed, however it was delivered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batchcalls.states import CallStatus
from batchcalls.voice.bland import BlandProvider
from batchcalls.voice.errors import WebhookRefused, WebhookUnreadable
from batchcalls.voice.signing import sign
from tests.voice.bland_account import SECRET, Receiver, bland, placed
from tests.voice.carrier.process import Carrier

HEADER = "x-webhook-signature"
BODY = b'{"call_id": "c-1", "status": "completed", "completed": true}'


def test_a_webhook_that_repeats_tools_is_read_without_them(provider: BlandProvider) -> None:
    body = json.dumps({"call_id": "c-1", "tools": [{"headers": {"K": "hush"}}], "dynamic_data": []})
    headers = {HEADER: sign(SECRET, body.encode())}
    assert provider.read_webhook(headers, body.encode()) == {"call_id": "c-1"}


@pytest.fixture
def provider(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> BlandProvider:
    monkeypatch.setenv("BLAND_WEBHOOK_SECRET", SECRET)
    return bland()


# What is sent by a real carrier ------------------------------------------------------------------


def followed(
    carrier: Carrier, receiver: Receiver, *, deliveries: int, **behavior: Any
) -> list[tuple[bool, CallStatus]]:
    """Place a call; return, for each delivery, whether it was believed and what it said."""
    behavior = {"talk_seconds": [10, 10], "speed": 100, "webhook_secret": SECRET, **behavior}
    carrier.control(**behavior)
    provider = bland(webhook_url=receiver.url)
    call = placed(provider)
    told = []
    for _ in range(deliveries):
        headers, body = receiver.next()
        try:
            payload, believed = provider.read_webhook(headers, body), True
        except WebhookRefused:
            payload, believed = json.loads(body), False
        event = provider.event_of(payload)
        assert event.provider_call_id == call.provider_call_id
        if event.status is CallStatus.COMPLETED:
            assert event.correlation_id == call.request.correlation_id
            (pulled,) = provider.pull(call, after=None, until=event.occurred_at).events
            assert pulled == event
        told.append((believed, event.status))
    return told


def test_a_call_is_told_of_at_its_start_and_its_end(
    provider: BlandProvider, carrier: Carrier
) -> None:
    with Receiver() as receiver:
        told = followed(carrier, receiver, deliveries=2)
    assert set(told) == {(True, CallStatus.UNKNOWN), (True, CallStatus.COMPLETED)}


def test_news_may_come_backwards_twice_and_beside_forgeries(
    provider: BlandProvider, carrier: Carrier
) -> None:
    with Receiver() as receiver:
        told = followed(
            carrier,
            receiver,
            deliveries=6,
            webhook_reverse_rate=1,
            webhook_duplicate_rate=1,
            webhook_wrong_signature_rate=1,
        )
    assert sorted(told) == sorted(
        2 * [(True, CallStatus.UNKNOWN), (True, CallStatus.COMPLETED)]
        + [(False, CallStatus.UNKNOWN), (False, CallStatus.COMPLETED)]
    )


def test_a_webhook_that_was_not_taken_is_sent_again(
    provider: BlandProvider, carrier: Carrier
) -> None:
    with Receiver(failures=2) as receiver:
        told = followed(carrier, receiver, deliveries=3, speed=0, webhook_retries=5)
    assert told == 3 * [(True, CallStatus.COMPLETED)]


# What is believed --------------------------------------------------------------------------------


def test_a_signed_webhook_is_read(provider: BlandProvider) -> None:
    payload = provider.read_webhook({HEADER: sign(SECRET, BODY)}, BODY)
    assert payload == json.loads(BODY)
    assert provider.event_of(payload).status == CallStatus.COMPLETED


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: ""},
        {HEADER: "0" * 64},
        {HEADER: sign("another secret", BODY)},
        {HEADER: sign(SECRET, BODY)[:-1]},
        {HEADER: f"sha256={sign(SECRET, BODY)}"},
        {HEADER: "é"},
        {"authorization": sign(SECRET, BODY)},
    ],
)
def test_any_other_signature_is_refused(provider: BlandProvider, headers: dict[str, str]) -> None:
    with pytest.raises(WebhookRefused) as raised:
        provider.read_webhook(headers, BODY)
    assert SECRET not in str(raised.value)


def test_a_body_that_was_tampered_with_is_refused(provider: BlandProvider) -> None:
    with pytest.raises(WebhookRefused):
        provider.read_webhook({HEADER: sign(SECRET, BODY)}, BODY.replace(b"c-1", b"c-2"))


def test_while_a_secret_is_replaced_both_are_good(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_WEBHOOK_SECRET", "new , old")
    for secret in ("old", "new"):
        assert bland().read_webhook({HEADER: sign(secret, BODY)}, BODY)
    monkeypatch.setenv("BLAND_WEBHOOK_SECRET", "new")
    with pytest.raises(WebhookRefused):
        bland().read_webhook({HEADER: sign("old", BODY)}, BODY)


def test_without_a_secret_nothing_is_believed(carrier: Carrier) -> None:
    with pytest.raises(WebhookRefused, match="BLAND_WEBHOOK_SECRET"):
        bland().read_webhook({HEADER: sign("", BODY)}, BODY)


@pytest.mark.parametrize("body", [b"", b"[]", b'"c-1"', b"{", b"\xff\xfe", b"[" * 50_000])
def test_a_signed_body_that_is_no_json_object_is_unreadable(
    provider: BlandProvider, body: bytes
) -> None:
    with pytest.raises(WebhookUnreadable):
        provider.read_webhook({HEADER: sign(SECRET, body)}, body)


def test_a_signed_object_that_names_no_call_is_unreadable(provider: BlandProvider) -> None:
    body = b'{"batch_id": "b-1", "status": "in_progress"}'
    with pytest.raises(WebhookUnreadable):
        provider.event_of(provider.read_webhook({HEADER: sign(SECRET, body)}, body))
