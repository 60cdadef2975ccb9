"""Everything that chance decides follows from the seed; options are checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from batchcalls.states import CallStatus
from batchcalls.voice.base import CallAbsent, CallFound
from batchcalls.voice.errors import (
    CallRejected,
    OptionsInvalid,
    OutcomeUnknown,
    ProviderThrottled,
    VoiceError,
)
from tests.voice.simulated import START, events_of, request_to, simulator, statuses

ROOT = Path(__file__).parents[2]
NUMBERS = [f"+1303777{number}" for number in range(1000, 3000)]


def test_another_process_sees_the_very_same_calls() -> None:
    script = (
        "from tests.voice.test_simulator_seed import fingerprint; import json;"
        "print(json.dumps(fingerprint()))"
    )
    seen = [fingerprint()]
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        output = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, check=True
        ).stdout
        seen.append(json.loads(output))
    assert seen[0] == seen[1] == seen[2]


def fingerprint() -> list[str]:
    provider = simulator(duplicate_rate=0.2, reverse_rate=0.2)
    return [repr(events_of(request_to(number), provider)) for number in NUMBERS[:40]]


def test_outcomes_follow_the_mix_and_the_seed() -> None:
    def outcomes(seed: int) -> list[str]:
        provider = simulator(seed=seed, speed=0)
        return [events_of(request_to(number), provider)[-1].status.value for number in NUMBERS]

    first = outcomes(1)
    assert first == outcomes(1) != outcomes(2)
    counted = Counter(first)
    assert counted["completed"] / 2000 == pytest.approx(0.75, abs=0.03)
    assert counted["no_answer"] / 2000 == pytest.approx(0.17, abs=0.03)
    assert counted["busy"] / 2000 == pytest.approx(0.06, abs=0.02)
    assert counted["failed"] / 2000 == pytest.approx(0.02, abs=0.01)


def test_a_second_attempt_may_go_another_way() -> None:
    first, second = (
        [events_of(request_to(number, attempt=attempt))[-1].status for number in NUMBERS[:50]]
        for attempt in (1, 2)
    )
    assert first != second


def answer_to(number: str, tries: int = 0, **options: Any) -> type[VoiceError] | None:
    """Return which error placing a call raises, and check that `find` agrees with it."""
    request = request_to(number, tries=tries, correlation_id=uuid4())
    provider = simulator(speed=0, **options)
    try:
        provider.place(request)
    except VoiceError as error:
        if not isinstance(error, OutcomeUnknown):
            assert provider.find(request, sent_at=START) == CallAbsent()
        return type(error)
    assert isinstance(provider.find(request, sent_at=START), CallFound)
    return None


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ("throttle_rate", ProviderThrottled),
        ("reject_rate", CallRejected),
        ("lost_answer_rate", OutcomeUnknown),
        ("lost_call_rate", OutcomeUnknown),
    ],
)
def test_a_fault_strikes_its_share_of_calls_and_always_the_same_ones(
    option: str, error: type[VoiceError]
) -> None:
    struck = [answer_to(number, **{option: 0.25}) for number in NUMBERS]
    assert struck == [answer_to(number, **{option: 0.25}) for number in NUMBERS]
    assert set(struck) == {None, error}
    assert struck.count(error) / len(struck) == pytest.approx(0.25, abs=0.03)
    assert answer_to(NUMBERS[0], **{option: 1}) is error
    assert answer_to("+12025550190", **{option: 1}) is None


def test_a_throttled_call_goes_through_after_a_few_tries() -> None:
    for number in NUMBERS[:50]:
        assert None in [answer_to(number, tries=tries, throttle_rate=0.5) for tries in range(20)]


def test_a_call_is_lost_without_a_trace_only_at_its_first_try() -> None:
    request = request_to(NUMBERS[0])
    assert simulator(lost_call_rate=1).find(request, sent_at=START) == CallAbsent()
    assert answer_to(NUMBERS[0], tries=1, lost_call_rate=1) is None


def test_a_lost_answer_always_leaves_a_call_that_is_found() -> None:
    provider = simulator(lost_answer_rate=1)
    for number in NUMBERS[:50]:
        assert isinstance(provider.find(request_to(number), sent_at=START), CallFound)


def test_repeated_and_reversed_events_strike_their_share_of_calls() -> None:
    plain = [statuses(events_of(request_to(number))) for number in NUMBERS]
    twice = [statuses(events_of(request_to(n), simulator(duplicate_rate=0.3))) for n in NUMBERS]
    turned = [statuses(events_of(request_to(n), simulator(reverse_rate=0.3))) for n in NUMBERS]
    doubled = [[status for status in call for _ in range(2)] for call in plain]
    assert all(a in (b, c) for a, b, c in zip(twice, plain, doubled, strict=True))
    assert all(a in (b, b[::-1]) for a, b in zip(turned, plain, strict=True))
    for struck in (twice, turned):
        share = sum(a != b for a, b in zip(struck, plain, strict=True)) / len(plain)
        assert share == pytest.approx(0.3, abs=0.03)


def test_a_call_can_be_reversed_and_repeated_at_once() -> None:
    provider = simulator(duplicate_rate=1, reverse_rate=1, mix={"busy": 1})
    busy, ringing = CallStatus.BUSY, CallStatus.RINGING
    assert statuses(events_of(request_to(NUMBERS[0]), provider)) == [busy, busy, ringing, ringing]


def test_only_outcomes_with_a_weight_occur() -> None:
    provider = simulator(mix={"busy": 3, "failed": 1, "human": 0})
    seen = Counter(events_of(request_to(n), provider)[-1].status.value for n in NUMBERS)
    assert set(seen) == {"busy", "failed"}
    assert seen["busy"] / len(NUMBERS) == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sped": 1, "x": 2}, "no option sped, x; it knows seed, speed, mix"),
        ({"seed": "1"}, "seed must be a whole number, not '1'"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"seed": True}, "seed must be a whole number"),
        ({"speed": -1}, "speed must be a number of at least 0, not -1"),
        ({"speed": "fast"}, "speed must be a number of at least 0, not 'fast'"),
        ({"speed": float("inf")}, "speed must be a number"),
        ({"speed": 1e-9}, "speed must be 0"),
        ({"latency_seconds": None}, "latency_seconds must be a number"),
        ({"reject_rate": 1.1}, "reject_rate must be a share from 0 to 1, not 1.1"),
        ({"throttle_rate": -0.1}, "throttle_rate must be a share"),
        ({"duplicate_rate": float("nan")}, "duplicate_rate must be a share"),
        ({"reverse_rate": False}, "reverse_rate must be a share"),
        ({"mix": [1]}, "mix must be an object"),
        ({"mix": {"humans": 1}}, "mix: unknown outcome 'humans'; it knows human, voicemail"),
        ({"mix": {"human": -1}}, "weight of human must be"),
        ({"mix": {"human": "1"}}, "weight of human must be"),
        ({"mix": {"human": 0}}, "at least one weight"),
        ({"mix": {}}, "at least one weight"),
    ],
)
def test_a_wrong_option_is_named_with_what_it_should_be(
    options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(OptionsInvalid) as raised:
        simulator(**options)
    assert sentence in str(raised.value)
    assert str(raised.value).endswith(".")


def test_every_option_can_be_given_at_once() -> None:
    rates = dict.fromkeys(("throttle_rate", "reject_rate", "lost_answer_rate", "lost_call_rate"), 0)
    provider = simulator(seed=-3, speed=0.001, latency_seconds=0, mix={"human": 2}, **rates)
    assert events_of(request_to(NUMBERS[0]), simulator(speed=0))
    assert provider.place(request_to(NUMBERS[0])).provider_call_id
