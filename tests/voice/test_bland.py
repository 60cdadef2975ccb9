"""Bland keeps the contract against a real server, and is asked and told the right things."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from batchcalls.states import CallStatus
from batchcalls.voice.base import CallAccepted, CallReference, VoiceEvent, VoiceProvider
from batchcalls.voice.bland import BlandProvider
from batchcalls.voice.errors import AccountRefused, OutcomeUnknown, ProviderThrottled
from tests.voice.bland_account import KEY, SECRET, bland, placed, request_to
from tests.voice.carrier.process import Carrier
from tests.voice.contract import VoiceProviderContract

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
FOREVER = [3600.0, 3600.0]


class TestBland(VoiceProviderContract):
    kind = "bland"
    secrets = (KEY,)

    @pytest.fixture
    def provider(self, carrier: Carrier) -> BlandProvider:
        carrier.control(speed=0)
        self.carrier = carrier
        return bland()

    def calls_placed(self) -> int:
        return len(self.carrier.ledger())

    def events_of(
        self, provider: VoiceProvider, call: CallReference, accepted: CallAccepted
    ) -> Sequence[VoiceEvent]:
        """Ask until there is no more to ask for; at this speed, calls are over at once."""
        assert accepted.next_event_at is not None
        events: dict[str, VoiceEvent] = {}
        until: datetime | None = accepted.next_event_at
        while until is not None:
            pulled = provider.pull(call, after=None, until=until)
            events |= {event.event_key: event for event in pulled.events}
            until = pulled.next_event_at
        return list(events.values())


# Placing -----------------------------------------------------------------------------------------


def test_the_key_is_sent_bare_and_the_program_says_who_it_is(carrier: Carrier) -> None:
    placed(bland())
    headers = carrier.last()["headers"]
    assert headers["authorization"] == KEY
    assert headers["user-agent"].startswith("batchcalls/")
    assert headers["content-type"] == "application/json"


def test_a_prompted_call_is_sent_with_its_variables_and_our_id(carrier: Carrier) -> None:
    request = request_to()
    placed(bland(), request)
    assert carrier.last()["body"] == {
        "phone_number": "+12025550190",
        "from": "+12025550100",
        "task": request.prompt,
        "request_data": {"customer_name": "Emily", "service": "Home Cleaning"},
        "metadata": {"order": "A-17", "batchcalls_correlation_id": str(request.correlation_id)},
    }


@pytest.mark.parametrize(
    ("version", "sent"), [("3", 3), ("staging", "staging"), ("production", "production")]
)
def test_a_pathway_is_sent_in_place_of_a_prompt(
    carrier: Carrier, version: str, sent: int | str
) -> None:
    placed(bland(), request_to(prompt="", pathway_id="pw-1", pathway_version=version))
    body = carrier.last()["body"]
    assert (body["pathway_id"], body["pathway_version"]) == ("pw-1", sent)
    assert "task" not in body


def test_a_pathway_without_a_version_leaves_it_to_the_provider(carrier: Carrier) -> None:
    placed(bland(), request_to(prompt="", pathway_id="pw-1"))
    assert "pathway_version" not in carrier.last()["body"]


def test_metadata_of_a_row_cannot_take_the_place_of_our_id(carrier: Carrier) -> None:
    request = request_to(metadata={"batchcalls_correlation_id": "forged"})
    placed(bland(), request)
    sent = carrier.last()["body"]["metadata"]
    assert sent == {"batchcalls_correlation_id": str(request.correlation_id)}


def test_without_caller_id_the_provider_chooses_one(carrier: Carrier) -> None:
    placed(bland(), request_to(from_number=""))
    assert "from" not in carrier.last()["body"]


def test_one_request_is_one_call_and_is_never_repeated(carrier: Carrier) -> None:
    request = request_to()
    placed(bland(), request)
    (row,) = carrier.ledger()
    assert (row["correlation_id"], row["answer"]) == (str(request.correlation_id), "accepted")


def test_a_connection_that_was_closed_meanwhile_is_replaced(carrier: Carrier) -> None:
    provider = bland()
    body = '{"status":"success","call_id":"c-1"}'
    raw = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    carrier.control(answers={"place": {"raw": raw, "close": True}})
    assert placed(provider).provider_call_id == "c-1"
    carrier.control(answers={})
    assert placed(provider).provider_call_id != "c-1"
    assert len(carrier.ledger()) == 2


# Which address gets the webhooks -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "base_url", "ours", "sent"),
    [
        (SECRET, "", "https://we.example.com/hooks/1/", True),
        (SECRET, "", "http://127.0.0.1:8000/hooks/1/", True),
        ("", "", "https://we.example.com/hooks/1/", False),
        (SECRET, "", "", False),
    ],
)
def test_our_address_is_sent_when_webhooks_can_be_told_from_forgeries(
    carrier: Carrier,
    monkeypatch: pytest.MonkeyPatch,
    secret: str,
    base_url: str,
    ours: str,
    *,
    sent: bool,
) -> None:
    monkeypatch.setenv("BLAND_WEBHOOK_SECRET", secret)
    provider = bland(webhook_url=ours, poll_seconds=10, silence_seconds=300)
    before = datetime.now(UTC)
    accepted = provider.place(request_to())
    assert carrier.last()["body"].get("webhook") == (ours if sent else None)
    assert accepted.next_event_at is not None
    wait = (accepted.next_event_at - before).total_seconds()
    assert wait == pytest.approx(300 if sent else 10, abs=9)


def test_a_call_with_a_webhook_of_its_own_is_still_told_to_us(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_WEBHOOK_SECRET", SECRET)
    carrier.control(talk_seconds=FOREVER)
    ours = "https://we.example.com/hooks/1/"
    provider = bland(webhook_url=ours, poll_seconds=10, silence_seconds=300)
    call = placed(provider, request_to(settings={"webhook": "https://crm.example.com/calls"}))
    assert carrier.last()["body"]["webhook"] == ours
    pulled = provider.pull(call, after=None, until=NOW)
    assert pulled.next_event_at == NOW + timedelta(seconds=300)


# Following ---------------------------------------------------------------------------------------


def test_a_call_is_followed_through_the_queue_and_its_talk_to_its_end(carrier: Carrier) -> None:
    provider = bland(poll_seconds=20)
    seen = []
    for behavior in ({"queue_seconds": 3600}, {"queue_seconds": 0}, {"speed": 0}):
        carrier.control(talk_seconds=FOREVER, **behavior)
        pulled = provider.pull(placed(provider), after=None, until=NOW)
        (event,) = pulled.events
        seen.append((event.status, event.raw_status, pulled.next_event_at))
    later = NOW + timedelta(seconds=20)
    assert seen == [
        (CallStatus.QUEUED, "queued", later),
        (CallStatus.IN_PROGRESS, "started", later),
        (CallStatus.COMPLETED, "completed", None),
    ]


def test_an_event_says_which_of_our_attempts_it_is_about(carrier: Carrier) -> None:
    provider = bland()
    call = placed(provider)
    (event,) = provider.pull(call, after=None, until=NOW).events
    assert event.correlation_id == call.request.correlation_id
    assert isinstance(event.correlation_id, UUID)


def test_a_call_that_the_provider_forgot_is_not_taken_for_ended(carrier: Carrier) -> None:
    gone = CallReference(provider_call_id="no-such-call", request=request_to())
    with pytest.raises(OutcomeUnknown) as raised:
        bland().pull(gone, after=None, until=NOW)
    assert raised.value.code == "call_missing"


@pytest.mark.parametrize("call_id", ["a/../b", "%2e", "ü", "a?b=c", "a#b"])
def test_an_id_stays_one_part_of_the_address(carrier: Carrier, call_id: str) -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        bland().pull(
            CallReference(provider_call_id=call_id, request=request_to()), after=None, until=NOW
        )
    assert raised.value.code == "call_missing"
    assert carrier.live()["counts"] == {"details": 1}


def test_asking_is_put_off_when_the_provider_asks_to_slow_down(carrier: Carrier) -> None:
    provider = bland()
    call = placed(provider)
    carrier.control(answers={"details": {"status": 429, "headers": {"retry-after": "17"}}})
    with pytest.raises(ProviderThrottled) as raised:
        provider.pull(call, after=None, until=NOW)
    assert raised.value.retry_after_seconds == 17


def test_asking_with_a_refused_key_is_the_account_s_fault(carrier: Carrier) -> None:
    provider = bland()
    call = placed(provider)
    carrier.control(unauthorized=True)
    with pytest.raises(AccountRefused):
        provider.pull(call, after=None, until=NOW)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 400, "body": {"status": "error", "message": "No."}},
        {"status": 200, "body": "<html>Welcome</html>"},
        {"status": 200, "body": []},
        {"status": 200, "body": {"call_id": "another-call", "status": "completed"}},
        {"status": 200, "body": {"status": "error", "message": "Call not found"}},
        {"raw": "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", "close": True},
    ],
)
def test_an_answer_that_says_nothing_of_the_call_is_an_error_and_not_an_end(
    carrier: Carrier, answer: dict[str, object]
) -> None:
    provider = bland()
    call = placed(provider)
    carrier.control(answers={"details": answer})
    with pytest.raises(OutcomeUnknown):
        provider.pull(call, after=None, until=NOW)


# Stopping ----------------------------------------------------------------------------------------


def test_a_call_in_the_queue_is_withdrawn(carrier: Carrier) -> None:
    carrier.control(queue_seconds=3600)
    provider = bland()
    call = placed(provider)
    pulled = provider.stop(call, hang_up=False, now=NOW)
    assert [event.status for event in pulled.events] == [CallStatus.CANCELED]
    assert pulled.next_event_at is None
    assert carrier.live()["live"] == 0


def test_a_live_call_is_left_alone_unless_it_shall_be_hung_up(carrier: Carrier) -> None:
    carrier.control(talk_seconds=FOREVER)
    provider = bland(poll_seconds=15)
    call = placed(provider)
    pulled = provider.stop(call, hang_up=False, now=NOW)
    assert [event.status for event in pulled.events] == [CallStatus.IN_PROGRESS]
    assert pulled.next_event_at == NOW + timedelta(seconds=15)
    assert carrier.ledger()[0]["stops"] == []

    pulled = provider.stop(call, hang_up=True, now=NOW)
    assert [event.status for event in pulled.events] == [CallStatus.COMPLETED]
    assert len(carrier.ledger()[0]["stops"]) == 1


def test_a_call_that_ends_on_being_told_to_is_asked_about_soon(carrier: Carrier) -> None:
    carrier.control(talk_seconds=FOREVER)
    provider = bland()
    call = placed(provider)
    carrier.control(answers={"stop": {"status": 200, "body": {"status": "success"}}})
    pulled = provider.stop(call, hang_up=True, now=NOW)
    assert [event.status for event in pulled.events] == [CallStatus.IN_PROGRESS]
    assert pulled.next_event_at == NOW + timedelta(seconds=2)


def test_a_call_without_a_line_to_hang_up_is_asked_about(carrier: Carrier) -> None:
    carrier.control(queue_seconds=3600)
    provider = bland()
    call = placed(provider)
    body = {"status": "error", "message": "SID not found for the given c_id."}
    carrier.control(answers={"stop": {"status": 500, "body": body}})
    pulled = provider.stop(call, hang_up=True, now=NOW)
    assert [event.status for event in pulled.events] == [CallStatus.QUEUED]
    assert pulled.next_event_at is not None


@pytest.mark.parametrize("status", [200, 500])
def test_a_provider_that_could_not_stop_a_call_is_an_error(carrier: Carrier, status: int) -> None:
    carrier.control(talk_seconds=FOREVER)
    provider = bland()
    call = placed(provider)
    body = {"status": "error", "message": "Internal server error"}
    carrier.control(answers={"stop": {"status": status, "body": body}})
    with pytest.raises(OutcomeUnknown):
        provider.stop(call, hang_up=True, now=NOW)
