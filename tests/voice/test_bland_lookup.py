"""Only what is certainly absent is dialed again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from batchcalls.voice.base import CallAbsent, CallFound, CallRequest, CannotTell, Lookup
from batchcalls.voice.errors import OutcomeUnknown
from tests.voice.bland_account import KEY, bland, placed, request_to
from tests.voice.carrier.process import Carrier

HASTY: dict[str, Any] = {"connect_timeout_seconds": 0.2, "read_timeout_seconds": 0.2}


def look_up(
    request: CallRequest, *, minutes_ago: float = 0.0, **options: Any
) -> tuple[Lookup, datetime]:
    sent_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return bland(**options).find(request, sent_at=sent_at), sent_at


def test_a_call_is_found_among_others_to_the_same_number(carrier: Carrier) -> None:
    provider = bland()
    calls = [placed(provider) for _ in range(5)]
    for call in calls:
        found, _ = look_up(call.request)
        assert isinstance(found, CallFound)
        assert found.provider_call_id == call.provider_call_id
        assert found.next_event_at is not None


def test_a_call_is_found_on_a_later_page(carrier: Carrier) -> None:
    carrier.control(list_limit=2)
    provider = bland()
    calls = [placed(provider) for _ in range(7)]
    found, _ = look_up(calls[-1].request)
    assert isinstance(found, CallFound)
    assert found.provider_call_id == calls[-1].provider_call_id
    assert carrier.live()["counts"]["list"] == 4


def test_a_call_is_found_that_is_listed_without_its_country_code(carrier: Carrier) -> None:
    carrier.control(spelling="national")
    call = placed(bland())
    found, _ = look_up(call.request)
    assert isinstance(found, CallFound)
    assert found.provider_call_id == call.provider_call_id


def test_a_call_is_absent_when_all_calls_to_the_number_are_others(carrier: Carrier) -> None:
    carrier.control(list_limit=2)
    provider = bland()
    for _ in range(5):
        placed(provider)
    assert look_up(request_to(), minutes_ago=3)[0] == CallAbsent()


def test_a_number_that_was_never_called_is_absent_outside_north_america_too(
    carrier: Carrier,
) -> None:
    assert look_up(request_to("+442079460000"), minutes_ago=3)[0] == CallAbsent()
    assert carrier.live()["counts"] == {"list": 1}


def test_a_call_that_was_refused_is_absent(carrier: Carrier) -> None:
    carrier.control(reset_before_rate=1)
    request = request_to()
    with pytest.raises(OutcomeUnknown):
        bland().place(request)
    assert look_up(request, minutes_ago=3)[0] == CallAbsent()


def test_soon_after_sending_nothing_can_be_told(carrier: Carrier) -> None:
    lookup, _ = look_up(request_to(), minutes_ago=1)
    assert isinstance(lookup, CannotTell)
    assert "early" in lookup.reason


def test_a_request_that_may_still_be_under_way_is_not_absent(carrier: Carrier) -> None:
    options = {"absent_after_seconds": 0, "read_timeout_seconds": 100}
    assert isinstance(look_up(request_to(), minutes_ago=3, **options)[0], CannotTell)
    assert look_up(request_to(), minutes_ago=4, **options)[0] == CallAbsent()


def test_a_call_that_is_listed_late_is_found_then(carrier: Carrier) -> None:
    carrier.control(listed_after_seconds=3600)
    call = placed(bland())
    assert isinstance(look_up(call.request)[0], CannotTell)
    carrier.control(listed_after_seconds=0)
    assert isinstance(look_up(call.request)[0], CallFound)


def test_our_clock_may_be_ahead_of_the_provider_s(carrier: Carrier) -> None:
    call = placed(bland())
    found, _ = look_up(call.request, minutes_ago=-5)
    assert isinstance(found, CallFound)


@pytest.mark.parametrize("minutes", [15, 60, 60 * 12, -15, -60 * 12])
def test_a_call_is_found_however_far_our_clock_is_ahead(carrier: Carrier, minutes: int) -> None:
    carrier.control(clock_offset_seconds=-60 * minutes)
    call = placed(bland())
    found, _ = look_up(call.request)
    assert isinstance(found, CallFound)
    assert found.provider_call_id == call.provider_call_id


@pytest.mark.parametrize("minutes", [11, 60, -11, 60 * 24 * 365 * 20])
def test_an_empty_list_proves_nothing_when_the_clocks_differ(
    carrier: Carrier, minutes: int
) -> None:
    carrier.control(clock_offset_seconds=-60 * minutes)
    lookup, _ = look_up(request_to(), minutes_ago=60)
    assert isinstance(lookup, CannotTell)
    assert ("ahead of" if minutes > 0 else "behind") in lookup.reason


@pytest.mark.parametrize("minutes", [9, -9])
def test_an_empty_list_is_believed_while_the_clocks_are_close(
    carrier: Carrier, minutes: int
) -> None:
    carrier.control(clock_offset_seconds=-60 * minutes)
    assert look_up(request_to(), minutes_ago=60)[0] == CallAbsent()


def test_an_empty_list_proves_nothing_when_it_does_not_name_its_time(carrier: Carrier) -> None:
    carrier.control(clock_offset_seconds=None)
    assert isinstance(look_up(request_to(), minutes_ago=60)[0], CannotTell)
    carrier.control(answers={"list": {**listing()["list"], "headers": {"date": "yesterday"}}})
    assert isinstance(look_up(request_to(), minutes_ago=60)[0], CannotTell)


def listing(**changes: Any) -> dict[str, Any]:
    return {"list": {"status": 200, "body": {"total_count": 0, "count": 0, "calls": [], **changes}}}


@pytest.mark.parametrize(
    "answers",
    [
        {"list": {"status": 500}},
        {"list": {"status": 429}},
        {"list": {"status": 401}},
        {"list": {"status": 404, "body": "<html>"}},
        {"list": {"status": 302}},
        {"list": {"status": 200, "body": "<html>"}},
        {"list": {"status": 200, "body": []}},
        {"list": {"status": 200, "body": {"status": "error", "message": f"No, {KEY}!"}}},
        {"list": {"raw": "", "close": True}},
        {"list": {"raw": "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"}},
        listing(total_count=1),
        listing(total_count=None),
        listing(total_count="0"),
        listing(total_count=True),
        listing(total_count=-1),
        listing(total_count=10**30),
        listing(calls=None),
        listing(calls={}),
        listing(total_count=1, calls=[None]),
        listing(total_count=1, calls=[{"call_id": None}]),
        listing(total_count=2, calls=[{"call_id": "a"}]),
        listing(total_count=1, calls=[{"call_id": "no-such-call"}]),
    ],
)
def test_a_list_that_is_not_complete_is_no_answer(
    carrier: Carrier, answers: dict[str, Any]
) -> None:
    carrier.control(answers=answers)
    lookup, _ = look_up(request_to(), minutes_ago=60, **HASTY)
    assert isinstance(lookup, CannotTell)
    assert lookup.reason
    assert KEY not in lookup.reason


@pytest.mark.parametrize("status", [404, 429, 500])
def test_a_call_that_cannot_be_read_may_be_ours(carrier: Carrier, status: int) -> None:
    placed(bland())
    carrier.control(answers={"details": {"status": status, "body": {"status": "error"}}})
    assert isinstance(look_up(request_to(), minutes_ago=60)[0], CannotTell)


def test_a_call_without_metadata_may_be_ours(carrier: Carrier) -> None:
    call = placed(bland())
    body = {"call_id": call.provider_call_id, "metadata": None}
    carrier.control(answers={"details": {"status": 200, "body": body}})
    lookup, _ = look_up(request_to(), minutes_ago=60)
    assert isinstance(lookup, CannotTell)
    assert call.provider_call_id in lookup.reason


def test_a_list_that_repeats_itself_may_leave_ours_out(carrier: Carrier) -> None:
    other = {"call_id": "c-1", "metadata": {"source": "another system"}}
    details = {"details": {"status": 200, "body": other}}
    carrier.control(answers={**listing(total_count=2, calls=[other]), **details})
    assert isinstance(look_up(request_to(), minutes_ago=60)[0], CannotTell)


def test_calls_of_other_systems_are_not_ours(carrier: Carrier) -> None:
    other = {"call_id": "c-1", "metadata": {"source": "another system"}}
    details = {"details": {"status": 200, "body": other}}
    carrier.control(answers={**listing(total_count=1, calls=[other]), **details})
    assert look_up(request_to(), minutes_ago=60)[0] == CallAbsent()


def test_a_provider_that_cannot_be_reached_is_no_answer(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_BASE_URL", "http://127.0.0.1:1")
    assert isinstance(look_up(request_to(), minutes_ago=60)[0], CannotTell)
