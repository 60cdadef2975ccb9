"""The dry run compared with what happens when the batch is run, on a moved clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from batchcalls import tasks
from batchcalls.batches import lifecycle
from batchcalls.intake import dry_run, estimate
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.states import RecipientStatus
from campaigns.models import CallingPolicy, Campaign, PolicyRetryRule
from tests.installation import BEYOND_FLOOR
from tests.intake.test_importing import validated

pytestmark = pytest.mark.django_db

SAME_HOUR = Path(__file__).parent.parent / "data" / "values" / "dryrun_same_hour.csv"
#: Endings that the simulator forces by the last two digits.
NO_ANSWER, BUSY, VOICEMAIL = "+12025550191", "+12025550192", "+12025550193"


def run_through(batch: Batch, clock: Any) -> None:
    """Run a batch to its end, moving the clock to each next due time."""
    for _ in range(60):
        batch.refresh_from_db()
        if batch.is_over:
            return
        tasks.step(batch, seconds=1)
        rows = Recipient.objects.filter(batch=batch, due_at__isnull=False)
        due = rows.order_by("due_at").values_list("due_at", flat=True).first()
        if due is not None and due > timezone.now():
            clock.move_to(due)
    raise AssertionError(f"{batch} is still {batch.status}")


@pytest.mark.parametrize(
    ("now", "at_once", "first_at"),
    [
        ("03:59:59", 0, "2026-11-27T04:00:00+00:00"),
        ("04:00:00", 1, "2026-11-27T04:05:00+00:00"),
        ("04:22:30", 5, "2026-11-27T04:25:00+00:00"),
        ("04:54:59", 11, "2026-11-27T04:55:00+00:00"),
        ("04:59:00", 12, None),
    ],
)
def test_start_times_of_the_current_hour_are_later_to_the_second(
    make_batch: Any, now: str, at_once: int, first_at: str | None
) -> None:
    moment = datetime.fromisoformat(f"2026-11-27T{now}+00:00")
    with time_machine.travel(moment, tick=False):
        batch = validated(
            make_batch(text=SAME_HOUR.read_text(), prompt="Hi {{name}}.", map_all=None)
        )
        report = dry_run.compute(batch, now=moment)
    assert (report["now"], report["later"]) == (
        at_once,
        {"count": 12 - at_once, "first_at": first_at},
    )
    assert report["start_times"]["read_in"] == {"offset": 12}


def test_those_called_at_once_and_those_called_later_are_the_ones_of_the_report(
    make_batch: Any,
) -> None:
    moment = datetime(2026, 11, 27, 4, 22, 30, tzinfo=UTC)
    with time_machine.travel(moment, tick=False) as clock:
        batch = validated(
            make_batch(text=SAME_HOUR.read_text(), prompt="Hi {{name}}.", map_all=None)
        )
        lifecycle.launch(batch)
        batch.refresh_from_db()
        tasks.step(batch, seconds=1)
        later = Recipient.objects.filter(status=RecipientStatus.DEFERRED).order_by("due_at")
        assert CallResult.objects.count() == batch.dry_run["now"] == 5
        assert later.count() == batch.dry_run["later"]["count"] == 7
        first = later.values_list("due_at", flat=True)[0]
        assert first.isoformat() == batch.dry_run["later"]["first_at"]
        run_through(batch, clock)
    started = CallResult.objects.order_by("recipient__row_number").values_list(
        "recipient__start_at", "claimed_at"
    )
    assert len(started) == 12
    assert all(claimed >= start for start, claimed in started)


def test_calls_and_time_of_a_run_with_retries_are_within_the_estimate(make_batch: Any) -> None:
    policy = CallingPolicy.objects.create(name="Persistent")
    for outcome, times, wait in (("busy", 2, 600), ("no_answer", 3, 3600)):
        PolicyRetryRule.objects.create(
            policy=policy, outcome=outcome, max_retries=times, wait_seconds=wait
        )
    campaign = Campaign.objects.create(name="C", prompt="Hello.", policy=policy)
    moment = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
    with time_machine.travel(moment, tick=False) as clock:
        batch = validated(
            make_batch(
                NO_ANSWER,
                BUSY,
                VOICEMAIL,
                prompt="",
                map_all=None,
                campaign=campaign,
                call_settings={"retry": {"wait": 7200}},
            )
        )
        figures = batch.dry_run["estimate"]
        lifecycle.launch(batch)
        run_through(batch, clock)
        took = timezone.now() - moment
    # One call and the five retries of the policy, and one more after a voicemail, for each.
    assert figures["calls"] == [3, 21]
    assert CallResult.objects.count() == 4 + 3 + 2
    assert timedelta(hours=3) <= took <= timedelta(seconds=figures["seconds"][1])
    assert figures["seconds"][1] == 2 * 600 + 3 * 3600 + 7200 + 180 + estimate.RINGING_SECONDS
    assert "waits up to 5 h 20 min for them" in batch.dry_run["assumptions"][1]


def test_a_column_of_retries_counts_for_the_rows_that_have_one(make_batch: Any) -> None:
    text = "phone_number,settings.retry\n" + "".join(
        f'{number},"{{""wait"": {wait}}}"\n' if wait else f"{number},\n"
        for number, wait in ((NO_ANSWER, 60), (BUSY, 0), (VOICEMAIL, 900))
    )
    given = {"map_all": None, "column_options": ["settings.retry=retry"]}
    batch = validated(make_batch(text=text, prompt="Hello.", **given))
    assert batch.dry_run["estimate"]["calls"] == [3, 5]
    assert batch.dry_run["estimate"]["seconds"][1] == 900 + 180 + estimate.RINGING_SECONDS


@pytest.mark.parametrize(
    ("at_cap", "calls", "waits"),
    [("skip", [2, 9], 5 * 600), ("wait", [2, 12], 24 * 3600)],
)
def test_the_estimate_knows_the_caps_of_rule_packs(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch, at_cap: str, calls: list[int], waits: int
) -> None:
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    real = VoiceAccount.objects.create(name="real", provider="bland", **BEYOND_FLOOR)
    policy = CallingPolicy.objects.create(name="Persistent", when_capped=at_cap)
    policy.retry_rules.create(outcome="busy", max_retries=5, wait_seconds=600)
    campaign = Campaign.objects.create(name="C", prompt="Hello.", policy=policy)
    in_florida, in_new_york = "+13055550123", "+12125550123"
    fields = {"account": real, "campaign": campaign, "purpose": "marketing", "prompt": ""}
    text = (
        f"phone_number,consent,consent type\n{in_florida},yes,written\n{in_new_york},yes,written\n"
    )
    with time_machine.travel(datetime(2026, 11, 27, 15, 0, tzinfo=UTC), tick=False):
        batch = validated(make_batch(text=text, **fields))
    figures = batch.dry_run["estimate"]
    # Three calls in 24 hours in Florida, six in New York.
    assert figures["calls"] == calls
    assert figures["seconds"][1] == waits + 180 + estimate.RINGING_SECONDS
