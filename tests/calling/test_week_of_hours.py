"""A week on a moved clock: nobody is called early, late, or too often, as the data says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from batchcalls.calling import hours
from campaigns.calling_hours import CallingHours
from tests import week_of_hours
from tests.hours_oracle import DAY, Row, Rules, first_allowed, is_allowed, judge, zones_of

#: The same lines run for thousands of calls.
pytestmark = pytest.mark.one_database

#: Clocks change on the third day: in the United States, and in Europe.
US_WEEK = datetime(2026, 3, 5, 7, 17, 21, tzinfo=UTC)
EU_WEEK = datetime(2026, 10, 22, 7, 17, 21, tzinfo=UTC)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")


@pytest.mark.django_db
def test_rows_that_wait_when_hours_close_are_called_neither_early_nor_late_nor_too_often() -> None:
    week = week_of_hours.run(US_WEEK, count=120, pace_seconds=3_600, shared=0.3)
    assert list(judge(week.rows, week.rules, week.sent)) == []
    assert len(week.sent) > 100


@pytest.mark.django_db
def test_the_first_call_of_each_group_is_when_the_dry_run_says() -> None:
    week = week_of_hours.run(EU_WEEK, count=120)
    assert list(judge(week.rows, week.rules, week.sent)) == []
    assert list(week.unlike_the_dry_run()) == []
    assert len(week.sent) > 100


@pytest.mark.django_db
def test_the_judge_notices_hours_that_are_an_hour_too_wide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wide = CallingHours(windows=(((7 * 60, 22 * 60),),) * 7)
    monkeypatch.setattr(hours, "LEGAL_HOURS", wide)
    monkeypatch.setattr(
        "batchcalls.drafting.drafts.settings.DEFAULT_CALLING_HOURS", ["07:00", "22:00"]
    )
    week = week_of_hours.run(US_WEEK, count=40)
    wrong = list(judge(week.rows, week.rules, week.sent))
    assert any(sentence.startswith("early") for sentence in wrong)


class TestTheJudge:
    """What the judge says of places and times that everybody can look up."""

    @pytest.mark.parametrize(
        ("row", "zones"),
        [
            (Row(1, "+12125550123"), {"America/New_York"}),
            (Row(1, "+18502345678"), {"America/New_York", "America/Chicago"}),
            (Row(1, "+18502345678", timezone="America/Chicago"), {"America/Chicago"}),
            (Row(1, "+18502345678", postcode="32301"), {"America/New_York"}),
            (Row(1, "+12125550123", timezone="PST"), {"America/Los_Angeles", "America/New_York"}),
            (Row(1, "+12125550123", state="NY"), {"America/New_York"}),
            (Row(1, "+6281234567890"), {"Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"}),
        ],
    )
    def test_zones(self, row: Row, zones: set[str]) -> None:
        assert set(zones_of(row)) == zones

    @pytest.mark.parametrize(
        ("utc", "verdict"),
        [
            ("2026-03-07 12:59:59", "early"),
            ("2026-03-07 13:00:00", ""),
            ("2026-03-08 12:00:00", ""),  # summer time began at night
            ("2026-03-09 00:59:59", ""),
            ("2026-03-09 01:00:00", "late"),
        ],
    )
    def test_hours_of_new_york(self, utc: str, verdict: str) -> None:
        at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
        assert is_allowed(at, ["America/New_York"], Rules()) == verdict

    def test_the_first_allowed_minute(self) -> None:
        night = datetime(2026, 3, 8, 3, 0, 30, tzinfo=UTC)
        first = first_allowed(night, ["America/New_York"], Rules())
        assert first == datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
        blackout = Rules(blackout=frozenset({night.date()}))
        assert first_allowed(night, ["America/New_York"], blackout) == first + DAY
