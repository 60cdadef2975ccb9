"""The calls of an account are listed completely, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest

from batchcalls.voice.base import ListedCall, Origin
from batchcalls.voice.bland.lookup import Incomplete, Pages, read_list
from batchcalls.voice.errors import NotPlaced, OutcomeUnknown, VoiceError
from tests.voice.bland_account import bland, placed, request_to
from tests.voice.carrier.process import Carrier

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def listed(*, minutes_ago: float = 30, until_minutes_ago: float = 5) -> list[ListedCall]:
    now = datetime.now(UTC)
    since, until = (now - timedelta(minutes=ago) for ago in (minutes_ago, until_minutes_ago))
    return list(bland().list_calls(since=since, until=until))


@pytest.mark.parametrize("spelling", ["e164", "national"])
def test_every_call_is_listed_across_pages(carrier: Carrier, spelling: str) -> None:
    carrier.control(list_limit=2, spelling=spelling)
    provider = bland()
    numbers = [f"+1202555019{n}" for n in range(5)]
    ids = [placed(provider, request_to(number)).provider_call_id for number in numbers]
    calls = listed()
    assert [one.provider_call_id for one in calls] == ids
    assert [one.to for one in calls] == numbers
    assert {one.from_number for one in calls} == {"+12025550100"}


def test_a_call_says_who_placed_it(carrier: Carrier) -> None:
    provider = bland()
    request = request_to(batch_id=uuid4())
    call_id = placed(provider, request).provider_call_id
    assert provider.origin_of(call_id) == Origin(
        correlation_id=request.correlation_id, batch_id=request.batch_id
    )
    carrier.control(answers={"details": {"status": 200, "body": {"call_id": call_id}}})
    assert provider.origin_of(call_id) == Origin(is_known=False)


def test_a_list_that_may_lack_the_newest_calls_is_not_used(carrier: Carrier) -> None:
    with pytest.raises(NotPlaced, match="newest calls") as refused:
        listed(until_minutes_ago=0)
    assert 100 < refused.value.retry_after_seconds <= 120


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"calls": []},
        {"calls": None, "total_count": 1},
        {"calls": [], "total_count": 3},
        {"calls": [{"call_id": "a"}], "total_count": 1},
        {"calls": [{"created_at": "2026-01-01T00:00:00Z"}], "total_count": 1},
        # Without end: the same page again and again.
        {"calls": [{"call_id": "a", "created_at": "2026-01-01T00:00:00Z"}], "total_count": 10**9},
    ],
)
def test_an_incomplete_list_is_an_error(carrier: Carrier, body: dict[str, Any]) -> None:
    carrier.control(answers={"list": {"status": 200, "body": body}})
    with pytest.raises(OutcomeUnknown):
        listed()


def test_a_list_without_end_is_an_error() -> None:
    def page(path: str) -> tuple[dict[str, Any], datetime]:
        first = int(parse_qs(path)["from"][0])
        calls = [{"call_id": str(n)} for n in range(first, first + 100)]
        return {"calls": calls, "total_count": first + 200}, NOW

    with pytest.raises(Incomplete, match="grows"):
        list(read_list({}, Pages(page, since=NOW, now=NOW)))


def test_a_list_that_counts_one_page_only_is_an_error() -> None:
    def page(path: str) -> tuple[dict[str, Any], datetime]:
        first = int(parse_qs(path)["from"][0])
        calls = [{"call_id": str(n)} for n in range(first, min(first + 100, 150))]
        return {"calls": calls, "total_count": len(calls)}, NOW

    with pytest.raises(Incomplete, match="more calls than it says"):
        list(read_list({}, Pages(page, since=NOW, now=NOW)))


def test_inbound_calls_are_left_out(carrier: Carrier) -> None:
    call = {"call_id": "a", "created_at": "2026-01-01T00:00:00Z", "to": "+1", "inbound": True}
    carrier.control(answers={"list": {"status": 200, "body": {"calls": [call], "total_count": 1}}})
    assert listed() == []


def test_a_refused_key_is_an_error(carrier: Carrier) -> None:
    carrier.control(unauthorized=True)
    with pytest.raises(VoiceError):
        listed()
