"""Two numbers of one phone are one person: for refusals, caps, duplicates, and the dry run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from batchcalls.calling import claiming
from batchcalls.calling.permission import Permissions
from batchcalls.intake import dry_run
from batchcalls.models import CallResult, Recipient, VoiceAccount
from campaigns.models import CallingPolicy, Campaign, Suppression
from tests.calling.placing import lease_of
from tests.calling.test_caps import dialed, past_call
from tests.intake.test_importing import validated, verdicts

pytestmark = pytest.mark.django_db

LONG, SHORT = "+5491155551234", "+541155551234"


@pytest.fixture
def campaign() -> Campaign:
    policy = CallingPolicy.objects.create(name="Capped", attempts_24h=1)
    return Campaign.objects.create(name="C", prompt="Call {{business_name}}.", policy=policy)


def test_a_call_to_one_counts_for_the_cap_of_the_other(launched: Any, campaign: Campaign) -> None:
    batch = launched(LONG, campaign=campaign)
    past_call(batch, ago=timedelta(hours=1), number=SHORT)
    assert dialed(batch.account) == []
    assert Recipient.objects.get(batch=batch).reason_code == "capped"


def test_of_two_rows_in_one_claim_only_one_is_called(launched: Any, campaign: Campaign) -> None:
    batch = launched(LONG, SHORT, campaign=campaign, duplicates="call_each_row")
    assert dialed(batch.account) == [LONG]


def test_an_opt_out_of_one_holds_back_a_request_to_the_other(
    launched: Any, account: VoiceAccount
) -> None:
    launched(LONG)
    with lease_of(account) as lease:
        claims = claiming.claim(lease, want=1).placeable
        permissions = Permissions(lease, stop=lambda: False)
        Suppression.objects.create(e164=SHORT)
        assert permissions.ask(claims) == claims
    assert CallResult.objects.get().sent_at is None


def test_the_later_row_of_a_list_is_a_duplicate(make_batch: Any) -> None:
    batch = validated(make_batch(SHORT, LONG, "+5493514123456", LONG))
    assert [code for _, _, code in verdicts(batch)] == ["", "duplicate", "", "duplicate"]
    reasons = Recipient.objects.filter(row_number=3).values_list("reason", flat=True)
    assert list(reasons) == [f"Row 2 has another number of the same phone, {SHORT}."]


def test_the_dry_run_counts_a_listed_and_a_recently_called_twin(
    launched: Any, make_batch: Any, campaign: Campaign
) -> None:
    Suppression.objects.create(e164="+543514123456")
    past_call(launched("+12025550190"), ago=timedelta(hours=1), number=SHORT)
    batch = validated(make_batch(LONG, "+5493514123456", "+12025550191", campaign=campaign))
    report = dry_run.store(batch)
    assert report["never"] == {"do_not_call": 1}
    assert "1 of these was called in the last 24 hours." in report["notes"]
