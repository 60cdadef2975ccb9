"""Rule packs at the moment of dialing, and in the dry run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from batchcalls.batches import legal_floor
from batchcalls.calling import claiming
from batchcalls.intake import dry_run
from batchcalls.models import Batch, Recipient, VoiceAccount
from batchcalls.reporting import explaining
from campaigns.models import RulePackSwitch
from campaigns.rules import packs
from campaigns.vocabulary import Purpose
from tests.calling.placing import Recorder, lease_of, place_due
from tests.calling.test_caps import past_call
from tests.calling.test_closing_hours import dialed as late_dialed

pytestmark = pytest.mark.django_db

FLORIDA, GEORGIA, ALABAMA, MAINE = "+13052345678", "+14042345678", "+12052345678", "+12072345678"
#: A Sunday, 20:30 in New York.
EVENING = datetime(2026, 12, 7, 1, 30, tzinfo=UTC)
VERSION = packs.versions()["us"]

Launch = Callable[..., Batch]


@pytest.fixture(autouse=True)
def evening() -> Iterator[Any]:
    with time_machine.travel(EVENING, tick=False) as clock:
        yield clock


@pytest.fixture
def real(account: VoiceAccount, monkeypatch: pytest.MonkeyPatch) -> VoiceAccount:
    """An account that rings people; calls are recorded instead of placed."""
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    return VoiceAccount.objects.create(
        name="real", provider="bland", countries=["US", "CA", "GB", "FR", "DE", "AU", "IN"]
    )


@pytest.fixture
def marketing(launched: Any, real: VoiceAccount) -> Launch:
    """Launch calls that sell something, with no consent demanded."""
    for pack in packs.packs().values():
        for entry in pack.entries:
            if entry.consent:
                switch_off(f"{pack.code}/{entry.id}")

    def launch(*numbers: str, **fields: Any) -> Batch:
        batch: Batch = launched(
            *numbers, **{"account": real, "purpose": Purpose.MARKETING, **fields}
        )
        return batch

    return launch


def switch_off(key: str, **fields: Any) -> None:
    pack, _, entry = key.partition("/")
    RulePackSwitch.objects.create(
        **{"pack": pack, "entry": entry, "reason": "A test.", "created_at": EVENING, **fields}
    )


def dialed(account: VoiceAccount) -> set[str]:
    provider = Recorder()
    with lease_of(account) as lease:
        place_due(provider, lease)
    return {one.to for one in provider.placed}


def row_of(number: str) -> Recipient:
    return Recipient.objects.select_related("batch__account").get(e164=number, batch__name="Test")


class TestHours:
    def test_a_state_rule_is_stricter_than_the_legal_floor(
        self, marketing: Launch, real: VoiceAccount
    ) -> None:
        marketing(FLORIDA, GEORGIA)

        assert dialed(real) == {GEORGIA}
        row = row_of(FLORIDA)
        assert (row.status, row.reason_code) == ("deferred", "closed_by_rule_pack")
        assert row.due_at == EVENING + timedelta(hours=11, minutes=30)
        assert row.reason == (
            f"us {VERSION}, Florida: It is Sunday 2026-12-06 20:30 in America/New_York; calls may "
            "start there on Sundays at 08:00 to 20:00."
        )
        assert row.checks[-1] == ["rule_packs", row.reason]
        called = row_of(GEORGIA).calls.get()
        assert called.checks["rule_packs"] == f"us {VERSION}: United States 08:00–21:00, open"

    def test_informational_calls_are_under_no_entry_and_say_so(
        self, marketing: Launch, real: VoiceAccount
    ) -> None:
        marketing(FLORIDA, purpose=Purpose.INFORMATIONAL)

        assert dialed(real) == {FLORIDA}
        checks = row_of(FLORIDA).calls.get().checks
        assert checks["rule_packs"] == "no hours for informational calls to US-FL"

    def test_packs_hold_when_the_legal_floor_is_lifted(
        self, marketing: Launch, real: VoiceAccount
    ) -> None:
        until = EVENING + timedelta(days=2)
        legal_floor.lift(real, until=until, reason="Storm warnings.")
        marketing(FLORIDA)

        assert dialed(real) == set()

    def test_the_simulator_is_under_no_pack(self, marketing: Launch, account: VoiceAccount) -> None:
        marketing(FLORIDA, account=account)

        assert dialed(account) == {FLORIDA}

    def test_a_holiday_is_named_and_the_next_opening_is_after_it(
        self, marketing: Launch, real: VoiceAccount, evening: Any
    ) -> None:
        evening.move_to(datetime(2026, 12, 25, 16, tzinfo=UTC))
        marketing(ALABAMA)

        assert dialed(real) == set()
        row = row_of(ALABAMA)
        assert "Alabama: It is Christmas Day in Alabama" in row.reason
        assert row.due_at == datetime(2026, 12, 26, 14, tzinfo=UTC)

    def test_the_postcode_says_whose_rules_hold_and_the_number_adds_its_own(
        self, marketing: Launch, real: VoiceAccount
    ) -> None:
        marketing(
            text="phone_number,business_name,postcode\n"
            f"{GEORGIA},A,33101\n{FLORIDA},B,30301\n+12122345678,C,10001\n",
        )

        assert dialed(real) == {"+12122345678"}
        assert row_of(GEORGIA).places == "US-FL,US-GA"

    def test_rows_older_than_places_are_under_the_rules_of_their_numbers(
        self, marketing: Launch, real: VoiceAccount
    ) -> None:
        marketing(FLORIDA, GEORGIA)
        Recipient.objects.update(places="")

        assert dialed(real) == {GEORGIA}

    def test_why_not_names_the_rule(self, marketing: Launch) -> None:
        marketing(FLORIDA)
        verdicts = {one.rule: one for one in explaining.why_not(row_of(FLORIDA))}
        assert verdicts["Rule packs"].allows is False
        assert "Florida" in verdicts["Rule packs"].detail


class TestCaps:
    def test_a_pack_caps_calls_to_a_number_and_names_itself(
        self, marketing: Launch, real: VoiceAccount, evening: Any
    ) -> None:
        noon = datetime(2026, 12, 8, 17, tzinfo=UTC)
        evening.move_to(noon)
        batch = marketing(MAINE, GEORGIA)
        for number in (MAINE, GEORGIA):
            past_call(batch, ago=timedelta(hours=7), number=number)

        assert dialed(real) == {GEORGIA}
        row = row_of(MAINE)
        assert (row.status, row.reason_code) == ("deferred", "capped")
        assert row.due_at == noon + timedelta(hours=1)
        assert row.reason == (
            f"The number had 1 call in 8 hours; the cap is 1 (us {VERSION}: Maine 1 call in 8 "
            "hours)."
        )

    def test_the_claim_counts_over_the_longest_cap_of_any_row(
        self, marketing: Launch, real: VoiceAccount, evening: Any
    ) -> None:
        paris = "+33612345678"
        evening.move_to(datetime(2026, 12, 8, 16, tzinfo=UTC))
        batch = marketing(GEORGIA, paris)
        for days in (3, 10, 20, 29):
            past_call(batch, ago=timedelta(days=days), number=paris)

        assert dialed(real) == {GEORGIA}
        assert row_of(paris).due_at == datetime(2026, 12, 9, 16, tzinfo=UTC)


class TestSwitches:
    @pytest.mark.parametrize("key", ["us", "us/florida"])
    def test_switched_off_packs_and_entries_do_not_hold(
        self, marketing: Launch, real: VoiceAccount, key: str
    ) -> None:
        switch_off(key)
        marketing(FLORIDA)

        assert dialed(real) == {FLORIDA}

    @pytest.mark.parametrize("ends", ["until", "ended_at"])
    def test_a_switch_ends(self, marketing: Launch, real: VoiceAccount, ends: str) -> None:
        switch_off("us/florida", **{ends: EVENING})
        marketing(FLORIDA)

        assert dialed(real) == set()

    def test_a_call_that_is_connecting_when_a_switch_ends_is_not_sent(
        self, marketing: Launch, real: VoiceAccount, evening: Any
    ) -> None:
        switch_off("us/florida", until=EVENING + timedelta(seconds=10))
        marketing(FLORIDA)
        assert late_dialed(real, evening, after=10) == []
        evening.move_to(EVENING)
        Recipient.objects.update(due_at=EVENING)
        assert late_dialed(real, evening, after=9) == [FLORIDA]


class TestDryRun:
    @pytest.mark.parametrize("is_old", [False, True])
    def test_the_dry_run_and_the_claim_agree(
        self, marketing: Launch, real: VoiceAccount, is_old: bool
    ) -> None:
        batch = marketing(FLORIDA, GEORGIA, ALABAMA, MAINE)
        if is_old:
            Recipient.objects.filter(batch=batch).update(places="")
        report = dry_run.compute(batch, now=EVENING)

        assert report["now"] == 1
        assert report["later"]["count"] == 3
        dialed(real)
        opens = Recipient.objects.filter(status="deferred").values_list("due_at", flat=True)
        assert min(filter(None, opens)).isoformat() == report["later"]["first_at"]

    @pytest.mark.parametrize("is_old", [False, True])
    def test_caps_of_packs_are_counted(self, marketing: Launch, evening: Any, is_old: bool) -> None:
        noon = datetime(2026, 12, 8, 17, tzinfo=UTC)
        evening.move_to(noon)
        batch = marketing(MAINE, GEORGIA)
        past_call(batch, ago=timedelta(hours=7), number=MAINE)
        if is_old:
            Recipient.objects.filter(batch=batch).update(places="")
        report = dry_run.compute(batch, now=noon)

        assert (report["now"], report["later"]["count"]) == (1, 1)
        assert report["later"]["first_at"] == (noon + timedelta(hours=1)).isoformat()


class TestBatches:
    def test_a_batch_keeps_the_versions_of_its_launch(self, marketing: Launch) -> None:
        assert marketing(FLORIDA).rule_packs == packs.versions()

    def test_a_claim_reads_switches_once_and_only_for_real_phones(
        self,
        marketing: Launch,
        real: VoiceAccount,
        account: VoiceAccount,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        asked: list[str] = []
        keys = RulePackSwitch.objects.keys
        monkeypatch.setattr(
            RulePackSwitch.objects, "keys", lambda now: asked.append("") or keys(now)
        )
        marketing(GEORGIA, FLORIDA)
        marketing(GEORGIA, FLORIDA, account=account)
        asked.clear()
        for one, times in ((real, 1), (account, 0)):
            with lease_of(one) as lease:
                claiming.claim(lease, want=10)
            assert len(asked) == times
            asked.clear()
