"""What a launch would do, without calling anybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from batchcalls.batches import lifecycle
from batchcalls.calling import gate, verdicts
from batchcalls.intake import dry_run, estimate, grouping, runner
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.states import CallStatus
from campaigns.models import (
    CallingPolicy,
    CallingWindow,
    Campaign,
    PolicyRetryRule,
    Suppression,
)
from tests.intake.test_importing import validated

pytestmark = pytest.mark.django_db

#: A Wednesday: 15:00 in London, 10:00 in New York, 07:00 in Los Angeles.
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
NEW_YORK, LOS_ANGELES, LONDON = "+12125550123", "+13105550123", "+442079460123"


@pytest.fixture
def office(db: None) -> Campaign:
    """Calls from nine to five on weekdays, and two more when the line is busy."""
    policy = CallingPolicy.objects.create(name="Office")
    for day in range(5):
        CallingWindow.objects.create(
            policy=policy, weekday=day, opens_at="09:00", closes_at="17:00"
        )
    PolicyRetryRule.objects.create(policy=policy, outcome="busy", max_retries=2)
    return Campaign.objects.create(name="C", prompt="Call {{name}}.", policy=policy)


def report(batch: Batch, now: datetime = NOW) -> dict[str, Any]:
    return dry_run.compute(validated(batch), now=now)


def make(make_batch: Any, text: str, **fields: Any) -> Batch:
    batch: Batch = make_batch(text=text, prompt="", map_all=None, **fields)
    return batch


def test_everybody_is_counted_once_now_later_never_or_skipped(
    make_batch: Any, office: Campaign
) -> None:
    Suppression.objects.create(e164="+12125550199")
    found = report(
        make(
            make_batch,
            "phone_number,name,start_time,timezone\n"
            f"{NEW_YORK},Ann,,\n"
            f"{LONDON},Bob,,\n"
            f"{LOS_ANGELES},Cy,,\n"
            "+13105550124,Di,2026-03-06T20:00:00Z,\n"
            "+12125550124,Ed,2026-03-07T15:00:00Z,\n"  # a Saturday
            "+12125550199,Flo,,\n"
            "+80012345678,Gus,,\n"  # of no country, in no time zone
            "+80012345670,Hal,,Asia/Tokyo\n"  # midnight there
            f"{NEW_YORK},Ann again,,\n"
            "not one,Ida,,\n"
            ",,,\n",
            campaign=office,
        )
    )
    assert found["rows"] == 11
    assert (found["now"], found["later"]["count"]) == (2, 4)
    assert found["later"]["first_at"] == "2026-03-04T17:00:00+00:00"  # nine in Los Angeles
    assert found["skipped"] == {"blank_row": 1, "duplicate": 1, "not_a_number": 1}
    assert found["never"] == {"do_not_call": 1, "unknown_timezone": 1}
    assert found["countries"] == {"US": 4, "GB": 1, "001": 1}
    assert found["zone_sources"] == {"number": 5, "row": 1}
    zones = {zone["zones"]: zone for zone in found["time_zones"]}
    assert zones["America/New_York"] == {
        "zones": "America/New_York",
        "now": 1,
        "later": 1,
        "first_at": "2026-03-09T13:00:00+00:00",  # Monday; the clocks have changed
    }
    assert zones["Asia/Tokyo"]["first_at"] == "2026-03-05T00:00:00+00:00"
    assert found["duplicates"] == {"choice": "call_once", "rows": 1}
    assert [problem["reason"] for problem in found["problems"]] == [
        "duplicate",
        "not_a_number",
        "blank_row",
    ]
    assert found["problems"][1]["row"] == 11


def test_the_gate_agrees_with_the_report(make_batch: Any, office: Campaign) -> None:
    batch = validated(
        make(
            make_batch,
            f"phone_number,name\n{NEW_YORK},A\n{LONDON},B\n{LOS_ANGELES},C\n+80012345678,D\n",
            campaign=office,
        )
    )
    for hours in range(0, 24 * 7, 5):
        now = NOW + timedelta(hours=hours)
        answers = [
            gate.check(batch, one, gate.Facts(now=now))
            for one in Recipient.objects.filter(batch=batch)
        ]
        allowed = sum(isinstance(verdict, verdicts.Allowed) for verdict in answers)
        later = [v.due_at for v in answers if isinstance(v, verdicts.Refused) and v.due_at]
        found = dry_run.compute(batch, now=now)
        assert (found["now"], found["later"]["count"]) == (allowed, len(later))
        first = min(later).isoformat() if later else None
        assert found["later"]["first_at"] == first


def test_numbers_that_are_called_again_on_purpose_are_counted(make_batch: Any) -> None:
    batch = make_batch(NEW_YORK, NEW_YORK, NEW_YORK, LONDON, duplicates="call_each_row")
    assert report(batch)["duplicates"] == {"choice": "call_each_row", "rows": 2}


def test_hours_of_a_row_and_start_of_the_batch_count(make_batch: Any, office: Campaign) -> None:
    batch = make(
        make_batch,
        "phone_number,name,settings.dispatch_hours\n"
        f'{NEW_YORK},A,"{{""start"": ""12:00"", ""end"": ""13:00""}}"\n'
        f"{LONDON},B,\n",
        campaign=office,
        start_at=NOW + timedelta(hours=1),
    )
    found = report(batch)
    assert (found["now"], found["later"]["count"], found["skipped"]) == (0, 2, {})
    zones = {zone["zones"]: zone["first_at"] for zone in found["time_zones"]}
    assert zones == {
        "America/New_York": "2026-03-04T17:00:00+00:00",
        "Europe/London": "2026-03-04T16:00:00+00:00",
    }


def test_time_and_money_rest_on_stated_assumptions(
    make_batch: Any, account: Any, office: Campaign
) -> None:
    account.cps, account.concurrency = 2, 10
    account.price_per_minute, account.price_per_attempt = Decimal("0.09"), Decimal("0.01")
    account.save()
    rows = "".join(f"+1212{5550000 + n},N\n" for n in range(100, 200))
    batch = make(make_batch, f"phone_number,name\n{rows}", campaign=office)
    figures = report(batch)["estimate"]
    assert figures == {
        "calls": [100, 300],
        "seconds": [450, 13050],  # ten lines: 100 × 45 s; 300 × 195 s, and two hours of waits
        "cost": ["5.50", "84.00"],
        "currency": "USD",
    }
    recipient = Recipient.objects.filter(batch=batch).first()
    assert recipient is not None
    CallResult.objects.bulk_create(
        CallResult(
            batch=batch,
            recipient=recipient,
            account=account,
            attempt=n + 1,
            to_number=recipient.e164,
            status=CallStatus.COMPLETED,
            disposition="COMPLETED_ACTION",
            claimed_at=NOW,
            ended_at=NOW,
            duration_seconds=50,
        )
        for n in range(estimate.CALLS_NEEDED)
    )
    again = dry_run.compute(batch, now=NOW)
    assert "took 50 s on average" in again["assumptions"][0]
    assert again["estimate"]["seconds"] == [550, 9480]


def test_the_first_prompts_are_those_that_would_be_sent(make_batch: Any) -> None:
    found = report(make_batch(NEW_YORK, LONDON, LOS_ANGELES, "+12125550124"))
    assert [prompt["row"] for prompt in found["prompts"]] == [2, 3, 4]
    assert found["prompts"][0]["text"] == "Call Shop 0 about their order."


def test_the_report_is_stored_before_the_batch_is_ready(make_batch: Any) -> None:
    batch = validated(make_batch(NEW_YORK))
    assert batch.dry_run["rows"] == 1
    assert not CallResult.objects.exists()


def test_a_batch_of_which_nobody_can_be_called_says_why(make_batch: Any) -> None:
    batch = make_batch("not one")
    lifecycle.submit(batch, launch=False)
    runner.run_batch(batch.pk, seconds=30)
    batch.refresh_from_db()
    assert (batch.status, batch.dry_run["skipped"]) == ("draft", {"not_a_number": 1})


def test_rows_are_grouped_alike_however_few_at_a_time(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [NEW_YORK, LOS_ANGELES, LONDON, "+12125550124", "+13105550124", "+12125550125"]
    hours = ["", "2026-03-04T19:40Z", "", "2026-03-04T20:10Z", "2026-03-04T19:20Z", "soon"]
    rows = "".join(f"{number},{hour}\n" for number, hour in zip(numbers, hours, strict=True))
    batch = validated(
        make_batch(text=f"phone_number,start_time\n{rows}", prompt="Hi.", map_all=None)
    )
    together = dry_run.compute(batch, now=NOW)
    monkeypatch.setattr(grouping, "ROWS_AT_A_TIME", 2)
    assert dry_run.compute(batch, now=NOW) == together
    assert together["later"] == {"count": 3, "first_at": "2026-03-04T19:20:00+00:00"}
    assert together["start_times"]["count"] == 3
