"""The simulator keeps the contract, its table of forced endings, and its seed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from batchcalls.states import CALL_FINAL, CallStatus
from batchcalls.voice.base import CallAbsent, CallFound, CallReference, VoiceEvent
from batchcalls.voice.errors import CallRejected, OutcomeUnknown, ProviderThrottled
from batchcalls.voice.simulator import SimulatorProvider
from batchcalls.voice.simulator.outcomes import FORCED_ENDINGS, forced_ending
from batchcalls.voice.simulator.timeline import make_call_id, read_call_id
from tests.voice.contract import VoiceProviderContract, pull_to_the_end
from tests.voice.simulated import (
    LATER,
    START,
    call_of,
    events_of,
    request_to,
    simulator,
    statuses,
)

RINGING, IN_PROGRESS, COMPLETED = (
    CallStatus.RINGING,
    CallStatus.IN_PROGRESS,
    CallStatus.COMPLETED,
)


class SimulatorContract(VoiceProviderContract):
    kind = "simulator"

    @pytest.fixture(autouse=True)
    def record(self) -> Iterator[None]:
        """Keep what the carrier writes down when a call reaches it."""
        with capture_logs() as self.recorded:
            yield

    def calls_placed(self) -> int:
        return [entry["event"] for entry in self.recorded].count("simulator.call_placed")


class TestSimulatorAtItsUsualSpeed(SimulatorContract):
    @pytest.fixture
    def provider(self) -> SimulatorProvider:
        return simulator()


class TestSimulatorInAnInstant(SimulatorContract):
    @pytest.fixture
    def provider(self) -> SimulatorProvider:
        return simulator(speed=0)


def test_an_account_at_which_no_call_can_come_about_says_so() -> None:
    assert "reject_rate is 1" in simulator(reject_rate=1).check_connection().warning
    assert "throttle_rate is 1" in simulator(throttle_rate=1).check_connection().warning


# Forced endings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["+120255501", "+4420794600", "+4420794607"])
@pytest.mark.parametrize(
    ("digits", "expected", "answered_by"),
    [
        ("90", [RINGING, IN_PROGRESS, COMPLETED], "human"),
        ("91", [RINGING, CallStatus.NO_ANSWER], "no_answer"),
        ("92", [RINGING, CallStatus.BUSY], ""),
        ("93", [RINGING, IN_PROGRESS, COMPLETED], "voicemail"),
        ("95", [RINGING, IN_PROGRESS, COMPLETED], "human"),
        ("96", [RINGING, IN_PROGRESS, COMPLETED], "human"),
        ("97", [RINGING, RINGING, IN_PROGRESS, IN_PROGRESS, COMPLETED, COMPLETED], "human"),
        ("98", [COMPLETED, IN_PROGRESS, RINGING], "human"),
        ("99", [RINGING, IN_PROGRESS, COMPLETED], "human"),
    ],
)
def test_the_last_two_digits_force_how_a_call_goes(
    prefix: str, digits: str, expected: list[CallStatus], answered_by: str
) -> None:
    for attempt in (1, 2):
        events = events_of(request_to(prefix + digits, attempt=attempt, tries=2))
        assert statuses(events) == expected
        final = next(event for event in events if event.status in CALL_FINAL)
        assert final.answered_by == answered_by


@pytest.mark.parametrize(
    "number", ["+12025550189", "+12025551190", "+442079470090", "+44207946090", "+12125550190"]
)
def test_other_numbers_are_left_to_the_mix(number: str) -> None:
    assert forced_ending(number) is None


def test_the_table_of_endings_is_written_for_people() -> None:
    assert sorted(FORCED_ENDINGS) == [str(digits) for digits in range(90, 100)]
    assert all(ending.sentence.endswith(".") for ending in FORCED_ENDINGS.values())


def test_a_rejected_call_is_rejected_for_good_and_does_not_exist() -> None:
    request = request_to("+12025550194")
    for tries in range(3):
        with pytest.raises(CallRejected):
            simulator().place(replace(request, tries=tries))
    assert simulator().find(request, sent_at=START) == CallAbsent()


@pytest.mark.parametrize(("speed", "wait"), [(0, 0.05), (0.5, 1.0), (4, 0.25), (1000, 0.05)])
def test_a_throttled_number_is_accepted_at_the_third_try(speed: float, wait: float) -> None:
    provider = simulator(speed=speed)
    request = request_to("+12025550195")
    for tries in (0, 1):
        with pytest.raises(ProviderThrottled) as raised:
            provider.place(replace(request, tries=tries))
        assert raised.value.retry_after_seconds == wait
        assert provider.find(replace(request, tries=tries), sent_at=START) == CallAbsent()
    assert provider.place(replace(request, tries=2)).provider_call_id


def test_a_call_whose_answer_was_lost_is_found_and_runs_its_course() -> None:
    provider, request = simulator(), request_to("+12025550196")
    with capture_logs() as logs, pytest.raises(OutcomeUnknown):
        provider.place(request)
    assert [entry["event"] for entry in logs] == ["simulator.call_placed"]
    found = provider.find(request, sent_at=START)
    assert isinstance(found, CallFound)
    assert found == provider.find(request, sent_at=START)
    call = CallReference(provider_call_id=found.provider_call_id, request=request)
    events = pull_to_the_end(provider, call, found.next_event_at)
    assert statuses(events) == [RINGING, IN_PROGRESS, COMPLETED]


def test_a_call_that_was_lost_with_its_answer_is_absent_and_goes_through_the_next_time() -> None:
    provider, request = simulator(), request_to("+12025550199")
    with capture_logs() as logs, pytest.raises(OutcomeUnknown):
        provider.place(request)
    assert logs == []
    assert provider.find(request, sent_at=START) == CallAbsent()
    for again in (replace(request, tries=1), replace(request, attempt=2)):
        assert provider.place(again).provider_call_id
        assert isinstance(provider.find(again, sent_at=START), CallFound)


def test_repeated_events_are_the_same_event() -> None:
    events = events_of(request_to("+12025550197"))
    assert events[0::2] == events[1::2]


def test_a_backwards_call_is_silent_until_it_is_over() -> None:
    provider, request = simulator(), request_to("+12025550198")
    accepted = provider.place(request)
    call = CallReference(provider_call_id=accepted.provider_call_id, request=request)
    end = accepted.next_event_at
    assert end is not None
    before = provider.pull(call, after=None, until=end - timedelta(microseconds=1))
    assert (list(before.events), before.next_event_at) == ([], end)
    events = provider.pull(call, after=before.next_event_at, until=end).events
    assert events == []
    events = provider.pull(call, after=end - timedelta(microseconds=1), until=end).events
    assert events[0].occurred_at == end > events[1].occurred_at > events[2].occurred_at


# The carrier's record, its ids, its clock ---------------------------------------------------------


def test_every_call_that_exists_is_recorded_once_and_without_its_number() -> None:
    request = request_to("+12025550190", correlation_id=uuid4(), attempt=2)
    with capture_logs() as logs:
        simulator().place(request)
    assert logs == [
        {
            "event": "simulator.call_placed",
            "log_level": "info",
            "correlation_id": str(request.correlation_id),
            "attempt": 2,
        }
    ]


def test_placing_takes_as_long_as_the_account_says(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    simulator(latency_seconds=0.25).place(request_to("+12025550190"))
    simulator().place(request_to("+12025550190"))
    assert slept == [0.25]


@given(
    st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)),  # noqa: DTZ001
    st.uuids(),
)
def test_a_call_id_says_when_its_call_began(naive: datetime, correlation_id: UUID) -> None:
    at = naive.replace(tzinfo=UTC)
    identity = read_call_id(make_call_id(at, correlation_id))
    assert timedelta(0) <= at - identity.started_at < timedelta(milliseconds=1)
    assert identity.correlation_hex == correlation_id.hex


@pytest.mark.parametrize(
    "text",
    ["", "sim-", "sim-0-12", f"sim--{'a' * 32}", f"SIM-0-{'a' * 32}", f"sim-{'z' * 10}-{'a' * 32}"],
)
def test_an_id_that_is_not_a_call_of_the_simulator_is_refused(text: str) -> None:
    call = CallReference(provider_call_id=text, request=request_to("+12025550190"))
    with pytest.raises(ValueError, match="not a call id of the simulator"):
        simulator().pull(call, after=None, until=LATER)


def test_a_call_is_not_followed_with_the_request_of_another() -> None:
    call = call_of(request_to("+12025550190"))
    other = replace(call, request=replace(call.request, correlation_id=uuid4()))
    with pytest.raises(ValueError, match="not placed with the request"):
        simulator().pull(other, after=None, until=LATER)


def test_a_call_before_1970_is_given_the_first_instant() -> None:
    call_id = make_call_id(datetime(1960, 1, 1, tzinfo=UTC), UUID(int=1))
    assert read_call_id(call_id).started_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_twice_the_speed_halves_every_wait_and_changes_nothing_else() -> None:
    request = request_to("+12025550190")
    real, fast = (events_of(request, simulator(speed=speed)) for speed in (1, 2))
    for one, other in zip(real, fast, strict=True):
        offset = abs((one.occurred_at - START) - 2 * (other.occurred_at - START))
        assert offset <= timedelta(microseconds=2)
        assert one.details == other.details


def test_in_an_instant_everything_is_due_at_once_and_lengths_are_still_told() -> None:
    provider, request = simulator(speed=0), request_to("+12025550190")
    events = events_of(request, provider)
    assert {event.occurred_at for event in events} == {START}
    assert events[-1].details is not None
    assert events[-1].details.duration_seconds > 10
    early = provider.pull(call_of(request), after=None, until=START - timedelta(seconds=1))
    assert (list(early.events), early.next_event_at) == ([], START)
    rest = provider.pull(call_of(request), after=START, until=LATER)
    assert (list(rest.events), rest.next_event_at) == ([], None)


@pytest.mark.parametrize(
    ("digits", "shortest", "longest"),
    [("90", 5, 20), ("93", 21, 28), ("91", 28, 33), ("92", 2, 4), ("94", 1.3, 2.9)],
)
def test_the_phone_rings_for_as_long_as_phones_do(
    digits: str, shortest: float, longest: float
) -> None:
    for hundred in range(10):
        events = events_of(request_to(f"+442079460{hundred}{digits}"), simulator(speed=1))
        assert 1 <= (events[0].occurred_at - START).total_seconds() <= 2
        picked_up_or_over = (events[1].occurred_at - START).total_seconds()
        assert shortest <= picked_up_or_over <= longest


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 200_000), max_size=8),
    st.sampled_from(["90", "91", "92", "93", "97"]),
    st.sampled_from([0.0, 1.0, 20.0]),
)
def test_however_time_is_split_every_event_is_pulled_exactly_once(
    cuts: list[int], digits: str, speed: float
) -> None:
    provider, request = simulator(speed=speed), request_to(f"+120255501{digits}")
    pulled: list[VoiceEvent] = []
    after = None
    for until in [*(START + timedelta(milliseconds=cut) for cut in sorted(cuts)), LATER]:
        part = provider.pull(call_of(request), after=after, until=until)
        pulled += part.events
        assert part.next_event_at is None or part.next_event_at > until
        after = until
    assert pulled == events_of(request, provider)
