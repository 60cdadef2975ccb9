"""Rules that the command line chooses for a batch whose campaign has none."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from batchcalls.models import Batch, VoiceAccount
from campaigns.models import CallingPolicy, CallingWindow, Campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def sendbatch(account: VoiceAccount, tmp_path: Path) -> Any:
    """Check a list of one with these options, and return the exit status and errors."""
    path = tmp_path / "list.csv"
    path.write_text("phone_number\n+12025550190\n")

    def run(*options: str) -> tuple[int, str]:
        errors = io.StringIO()
        said = [str(path), "--dry-run", *options]
        if "--campaign" not in options:
            said += ["--prompt", "Hello."]
        with pytest.raises(SystemExit) as left:
            call_command("sendbatch", *said, stdout=io.StringIO(), stderr=errors)
        return int(left.value.code or 0), errors.getvalue()

    return run


def test_options_choose_a_policy_or_hours_and_retries(sendbatch: Any) -> None:
    policy = CallingPolicy.objects.create(name="Office")
    CallingWindow.objects.create(policy=policy, weekday=0)
    assert sendbatch("--policy", "Office") == (0, "")
    assert Batch.objects.get().policy["id"] == policy.pk
    Batch.objects.all().delete()

    hours = ["--hours", "9:30-18:00", "--days", "fri-mon, wed"]
    retries = ["--retry", "no_answer=2x60", "--retry", "busy=1x5"]
    assert sendbatch(*hours, *retries) == (0, "")
    batch = Batch.objects.get()
    span = ((570, 1080),)
    assert batch.calling_hours.windows == (span, (), span, (), span, span, span)
    assert {rule.outcome: rule.all_waits for rule in batch.retry_policy.rules} == {
        "no_answer": (3600, 3600),
        "busy": (300,),
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--policy", "Offise"], "There is no calling policy 'Offise'. Known: Office."),
        (["--hours", "nine"], "--hours nine is not a span of time. Write it like 09:00-18:00."),
        (["--hours", "18:00-09:00"], "Enter a time later than the first."),
        (["--days", "mon,noday"], "--days mon,noday names an unknown day. Use mon, tue,"),
        (["--retry", "busy"], "--retry busy is not a rule. Write it like no_answer=2x60"),
        (["--retry", "bussy=1x1"], "'bussy' is not an outcome to retry after. Use one of no_a"),
        (["--retry", "busy=1x99999999"], "must be a whole number from 0 to 2592000, not"),
        (["--retry", "busy=1x1", "--retry", "busy=2x1"], "busy has more than one retry rule"),
        (["--policy", "Office", "--days", "mon"], "Choose a saved policy, or enter hours and"),
        (
            ["--campaign", "Spring", "--days", "mon"],
            "or start without the campaign. Leave out --policy, --hours, --days, and --retry.",
        ),
    ],
)
def test_options_that_cannot_hold_are_refused(
    sendbatch: Any, options: list[str], message: str
) -> None:
    policy = CallingPolicy.objects.create(name="Office")
    Campaign.objects.create(name="Spring", prompt="Hi.", policy=policy)
    status, errors = sendbatch(*options)
    assert status == 2
    assert message in errors
    assert not Batch.objects.exists()
