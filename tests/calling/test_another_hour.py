"""Retries at another time of day, and how the dry run counts retries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from batchcalls.calling import gate, hours, verdicts
from batchcalls.calling.recent_attempts import Recent
from batchcalls.intake import estimate
from batchcalls.models import Batch, Recipient, VoiceAccount
from batchcalls.states import RecipientStatus
from campaigns.calling_hours import Closed, Open
from campaigns.caps import Caps

#: 10:30 in Washington, D.C., on a Wednesday.
NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
HOURS = {"windows": {str(day): [["09:00", "12:00"]] for day in range(7)}}


def check(*called_at: datetime, zones: str = "America/New_York") -> Any:
    """Ask the gate about a retry now; no database is needed."""
    batch = Batch(
        account=VoiceAccount(name="simulator", provider="simulator"),
        policy={"calling_hours": HOURS, "retry": {"rules": [], "another_hour": True}},
    )
    recipient = Recipient(pk=7, e164="+12025550190", time_zones=zones, attempts=len(called_at))
    recent = Recent(called_at={7: list(called_at)} if called_at else {})
    return gate.check(batch, recipient, gate.Facts(now=NOW, recent=recent))


def test_a_first_call_may_begin_at_any_allowed_hour() -> None:
    assert isinstance(check(), verdicts.Allowed)


def test_a_retry_waits_for_an_hour_in_which_nobody_called() -> None:
    yesterday = NOW - timedelta(days=1, minutes=20)
    refused = check(yesterday)
    assert (refused.status, refused.code) == (RecipientStatus.DEFERRED, "called_at_this_hour")
    assert refused.due_at == datetime(2026, 3, 4, 16, 0, tzinfo=UTC)  # 11:00


def test_it_waits_for_tomorrow_if_only_an_earlier_hour_is_left() -> None:
    refused = check(NOW - timedelta(days=2), NOW - timedelta(days=1) + timedelta(hours=1))
    assert refused.due_at == datetime(2026, 3, 5, 14, 0, tzinfo=UTC)  # 09:00


def test_calls_at_another_hour_do_not_delay_it() -> None:
    allowed = check(NOW - timedelta(days=1, hours=1))
    assert allowed.checks["another_hour"] == (
        "not called at this hour in America/New_York. Earlier calls: 2026-03-03 14:30 UTC."
    )


def test_when_every_allowed_hour_was_used_the_retries_end() -> None:
    refused = check(*(NOW - timedelta(days=1, hours=ago) for ago in (-1, 0, 1)))
    assert refused.status == RecipientStatus.SKIPPED


def check_other_times(
    batch: Batch, called: datetime, zones: list[str], *, now: datetime
) -> Open | Closed:
    unused = hours.of_other_times(batch, None, None, [called], zones, now=now)
    return hours.check_all(unused, now=now)


def test_the_hour_must_be_unused_in_each_zone_the_recipient_may_be_in() -> None:
    # 14:40 in Dubai and 16:10 in Kolkata; now it is 15:10 and 16:40.
    called, now = datetime(2026, 3, 3, 10, 40, tzinfo=UTC), datetime(2026, 3, 4, 11, 10, tzinfo=UTC)
    batch = Batch(account=VoiceAccount(provider="simulator"))
    zones = ["Asia/Dubai", "Asia/Kolkata"]
    closed = check_other_times(batch, called, zones, now=now)
    assert isinstance(closed, Closed)
    assert closed.opens_at == datetime(2026, 3, 4, 11, 30, tzinfo=UTC)
    assert "16:40 in Asia/Kolkata" in closed.message
    later = check_other_times(batch, called, zones, now=closed.opens_at)
    assert isinstance(later, Open)


def test_zones_without_a_common_unused_hour_end_the_retries() -> None:
    batch = Batch(account=VoiceAccount(provider="simulator"), policy={"calling_hours": HOURS})
    zones = ["America/New_York", "Asia/Tokyo"]
    closed = check_other_times(batch, NOW, zones, now=NOW)
    assert isinstance(closed, Closed)
    assert closed.opens_at is None


@pytest.mark.parametrize(
    ("total", "calls", "of_one", "wait"),
    [(None, 40, 4, 600 + 7_200 + 86_400 + 60), (2, 20, 2, 7_800), (0, 0, 0, 0)],
)
def test_the_dry_run_counts_the_retries_that_waits_and_the_total_allow(
    total: int | None, calls: int, of_one: int, wait: int
) -> None:
    rules = [
        {"outcome": "busy", "max_retries": 3, "wait_seconds": 86_400, "waits": [600, 7_200]},
        {"outcome": "voicemail", "max_retries": 1, "wait_seconds": 60},
    ]
    batch: Any = SimpleNamespace(
        retry_policy=Batch(policy={"retry": {"rules": rules, "max_total": total}}).retry_policy
    )
    found = estimate._retries(batch, 10)
    assert (found.calls, found.of_one, found.wait_seconds) == (calls, of_one, wait)


@pytest.mark.parametrize(
    ("caps", "calls"),
    [
        (Caps(attempts_7d=2, skip=True), [10, 20]),
        (Caps(attempts_7d=2), [10, 50]),  # they wait
        (Caps(attempts_7d=9, skip=True), [10, 50]),
        # The waits are longer than a day, so that a day's cap does not end the retries.
        (Caps(attempts_24h=2, skip=True), [10, 50]),
        (Caps(answered_7d=2, skip=True), [10, 50]),  # retries follow calls that nobody answered
    ],
)
def test_the_dry_run_leaves_out_retries_that_a_cap_skips(caps: Caps, calls: list[int]) -> None:
    rules = [
        {"outcome": "busy", "max_retries": 3, "wait_seconds": 86_400, "waits": [600, 7_200]},
        {"outcome": "voicemail", "max_retries": 1, "wait_seconds": 60},
    ]
    batch = Batch(
        account=VoiceAccount(name="simulator", provider="simulator"),
        policy={"retry": {"rules": rules}, "caps": caps.to_dict()},
    )
    figures, _ = estimate.of(batch, recipients=10, now=NOW)
    assert figures["calls"] == calls
