"""The legal floor: what policies, settings, and the absence of both can only narrow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User

from batchcalls.batches import legal_floor
from batchcalls.calling import gate
from batchcalls.intake import dry_run
from batchcalls.models import AccountEvent, Batch, Recipient, VoiceAccount
from batchcalls.reporting import explaining
from campaigns.models import CallingPolicy, Campaign
from tests.calling.placing import HUMAN, Recorder, lease_of, place_due

pytestmark = pytest.mark.django_db

#: +1 202 is Washington, D.C.: 03:00 there on a Wednesday, and the next 08:00 and 09:00.
NIGHT = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
EIGHT, NINE = NIGHT + timedelta(hours=5), NIGHT + timedelta(hours=6)


@pytest.fixture(autouse=True)
def night() -> Iterator[Any]:
    with time_machine.travel(NIGHT, tick=False) as clock:
        yield clock


@pytest.fixture
def real(account: VoiceAccount, monkeypatch: pytest.MonkeyPatch) -> VoiceAccount:
    """An account that rings people; calls are recorded instead of placed."""
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    return VoiceAccount.objects.create(name="real", provider="bland")


@pytest.fixture
def policy() -> CallingPolicy:
    """A policy with retry rules only."""
    policy = CallingPolicy.objects.create(name="Retries only")
    policy.retry_rules.create(outcome="busy")
    return policy


@pytest.fixture
def campaign(policy: CallingPolicy) -> Campaign:
    return Campaign.objects.create(name="C", prompt="Call {{business_name}}.", policy=policy)


def dialed(account: VoiceAccount) -> list[str]:
    """Claim and place what is due; return the numbers."""
    provider = Recorder()
    with lease_of(account) as lease:
        place_due(provider, lease)
    return [one.to for one in provider.placed]


def only_row() -> Recipient:
    return Recipient.objects.select_related("batch__account").get()


class TestTheFloor:
    def test_a_policy_with_retry_rules_only_dials_nobody_at_night(
        self, launched: Any, real: VoiceAccount, campaign: Campaign
    ) -> None:
        launched(HUMAN, account=real, campaign=campaign)

        assert dialed(real) == []
        assert (only_row().status, only_row().due_at) == ("deferred", EIGHT)

    def test_no_policy_and_a_wide_default_dial_nobody_at_night(
        self, launched: Any, real: VoiceAccount, settings: Any
    ) -> None:
        settings.DEFAULT_CALLING_HOURS = ["00:00", "24:00"]
        launched(HUMAN, account=real)

        assert dialed(real) == []
        assert only_row().due_at == EIGHT

    def test_wide_dispatch_hours_and_an_erased_policy_dial_nobody_at_night(
        self, launched: Any, real: VoiceAccount
    ) -> None:
        wide = {"dispatch_hours": {"start": "00:00", "end": "23:59"}}
        launched(HUMAN, account=real, call_settings=wide)
        Batch.objects.update(policy={})

        assert dialed(real) == []
        assert only_row().due_at == EIGHT

    def test_a_batch_that_moves_to_a_real_account_gets_the_floor(
        self, launched: Any, real: VoiceAccount
    ) -> None:
        launched(HUMAN)
        Batch.objects.update(account=real)

        assert dialed(real) == []

    def test_the_simulator_has_no_floor(self, launched: Any, account: VoiceAccount) -> None:
        launched(HUMAN)
        assert dialed(account) == [HUMAN]

    def test_the_default_hours_narrow_the_floor_where_the_policy_has_none(
        self, launched: Any, real: VoiceAccount, campaign: Campaign, settings: Any
    ) -> None:
        settings.DEFAULT_CALLING_HOURS = ["09:00", "20:00"]
        launched(HUMAN, account=real, campaign=campaign)
        dialed(real)

        assert only_row().due_at in {EIGHT, NINE}
        with time_machine.travel(EIGHT, tick=False):
            assert dialed(real) == []
        assert only_row().due_at == NINE

    def test_the_call_keeps_the_verdict(self, launched: Any, real: VoiceAccount) -> None:
        batch = launched(HUMAN, account=real)
        noon = NIGHT + timedelta(hours=9)
        Recipient.objects.update(due_at=noon)
        with time_machine.travel(noon, tick=False):
            assert dialed(real) == [HUMAN]
        answer = batch.calls.get().checks["legal_hours"]
        assert answer == "open in America/New_York (Wed 12:00; hours 08:00–21:00)"

    def test_the_dry_run_and_the_explanation_say_the_same(
        self, launched: Any, real: VoiceAccount, campaign: Campaign
    ) -> None:
        batch = launched(HUMAN, account=real, campaign=campaign)

        report = dry_run.compute(batch, now=NIGHT)
        assert report["now"] == 0
        assert report["later"] == {"count": 1, "first_at": EIGHT.isoformat()}
        refusal = next(
            verdict for verdict in explaining.why_not(only_row()) if verdict.allows is False
        )
        assert "03:00 in America/New_York" in refusal.detail


class TestBeyondTheFloor:
    def test_a_person_with_a_reason_may_go_beyond_until_a_time(
        self, launched: Any, real: VoiceAccount, night: Any
    ) -> None:
        person = User.objects.create_user("ann")
        launched(HUMAN, account=real)
        Batch.objects.update(policy={})
        legal_floor.lift(real, until=EIGHT, reason="Storm warnings.", actor=person)

        event = AccountEvent.objects.get()
        assert (event.actor, event.code) == (person, "floor_lifted")
        assert str(event) == (
            "Calls may go beyond the legal floor until 2026-03-04 13:00 UTC: Storm warnings."
        )
        assert dialed(real) == [HUMAN]

    def test_it_ends_by_itself(self, real: VoiceAccount) -> None:
        legal_floor.lift(real, until=EIGHT, reason="Storm warnings.")
        assert not real.has_floor(NIGHT)
        assert real.has_floor(EIGHT)

    def test_and_by_a_person(self, real: VoiceAccount) -> None:
        legal_floor.lift(real, until=EIGHT, reason="Storm warnings.")
        legal_floor.restore(real)
        real.refresh_from_db()
        assert real.has_floor(NIGHT)
        assert AccountEvent.objects.count() == 2

    @pytest.mark.parametrize(
        ("until", "reason"),
        [(EIGHT, "  "), (NIGHT, "Past."), (NIGHT + timedelta(days=367), "Too long.")],
    )
    def test_not_without_a_reason_nor_for_ever(
        self, real: VoiceAccount, until: datetime, reason: str
    ) -> None:
        with pytest.raises(ValueError, match=r"Enter a reason|Choose an end"):
            legal_floor.lift(real, until=until, reason=reason)
        assert not AccountEvent.objects.exists()


class TestThePolicyOfToday:
    """Later edits of a policy reach waiting batches if they are stricter, and only then."""

    @pytest.fixture
    def morning(self) -> Iterator[None]:
        with time_machine.travel(EIGHT, tick=False):
            yield

    @pytest.mark.usefixtures("morning")
    def test_a_stricter_policy_reaches_a_waiting_batch_at_once(
        self, launched: Any, real: VoiceAccount, campaign: Campaign, policy: CallingPolicy
    ) -> None:
        launched(HUMAN, account=real, campaign=campaign)
        policy.calling_windows.create(weekday=2, opens_at="09:00", closes_at="20:00")

        assert dialed(real) == []
        assert only_row().due_at == NINE

    @pytest.mark.usefixtures("morning")
    def test_a_new_blackout_date_reaches_it_too(
        self, launched: Any, account: VoiceAccount, campaign: Campaign, policy: CallingPolicy
    ) -> None:
        launched(HUMAN, campaign=campaign)
        policy.blackout_dates.create(date="2026-03-04")

        assert dialed(account) == []
        assert only_row().reason_code == "blackout_date"

    @pytest.mark.usefixtures("morning")
    def test_a_looser_policy_never_does(
        self, launched: Any, account: VoiceAccount, campaign: Campaign, policy: CallingPolicy
    ) -> None:
        policy.calling_windows.create(weekday=2, opens_at="09:00", closes_at="20:00")
        launched(HUMAN, campaign=campaign)
        policy.calling_windows.update(opens_at="07:00")

        assert dialed(account) == []
        assert only_row().due_at == NINE

    def test_the_policies_of_many_batches_take_the_same_number_of_queries(
        self,
        launched: Any,
        account: VoiceAccount,
        campaign: Campaign,
        django_assert_num_queries: Any,
    ) -> None:
        for _ in range(3):
            launched(HUMAN, campaign=campaign)
        batches = list(Batch.objects.all())
        with django_assert_num_queries(3):
            gate.look_up_policies(account, batches)
            assert all(batch.policy_now and batch.account for batch in batches)
