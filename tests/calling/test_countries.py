"""An account calls, transfers to, and calls from only the countries on its list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from batchcalls.drafting import copying, drafts
from batchcalls.intake import dry_run
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.reporting import explaining
from tests.calling.placing import HUMAN, OTHER, Recorder, lease_of, place_due

pytestmark = pytest.mark.django_db

#: Open in Washington, D.C., in Mexico City, and in London.
NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
MEXICO, SANTO_DOMINGO, TOLL_FREE = "+525512345678", "+18095550123", "+18005550123"


@pytest.fixture(autouse=True)
def noon() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def real(account: VoiceAccount, monkeypatch: pytest.MonkeyPatch) -> VoiceAccount:
    """An account that rings people; calls are recorded instead of placed."""
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    return VoiceAccount.objects.create(name="real", provider="bland")


def allow(account: VoiceAccount, *countries: str, kinds: tuple[str, ...] = ()) -> None:
    account.countries, account.special_numbers = list(countries), list(kinds)
    account.save()


def dialed(account: VoiceAccount) -> list[str]:
    provider = Recorder()
    with lease_of(account) as lease:
        place_due(provider, lease)
    return [one.to for one in provider.placed]


def reasons(batch: Batch) -> list[str]:
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    return list(rows.values_list("reason_code", flat=True))


class TestLists:
    def test_rows_in_other_countries_are_skipped_with_the_remedy(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        batch = launched(HUMAN, MEXICO, SANTO_DOMINGO, "+8816123456789", account=real)

        assert reasons(batch) == [
            "",
            "country_not_allowed",
            "country_not_allowed",
            "number_kind_not_allowed",
        ]
        row = Recipient.objects.get(e164=MEXICO)
        assert row.reason == (
            "The number is in Mexico (MX), which this account may not call. Use another number, or "
            "add MX to the countries of the voice account."
        )
        [told] = [one for one in explaining.why_not(row) if one.rule == "Countries"]
        assert (told.allows, told.detail) == (False, row.reason)
        assert dialed(real) == [HUMAN]
        checks = CallResult.objects.get().checks
        assert checks["countries"] == "United States (US): this account may call it"

    def test_a_blank_list_means_the_default_region(
        self, real: VoiceAccount, launched: Any, settings: Any
    ) -> None:
        settings.DEFAULT_REGION = "MX"

        assert reasons(launched(HUMAN, MEXICO, account=real)) == ["country_not_allowed", ""]

    def test_the_simulator_calls_everywhere(self, account: VoiceAccount, launched: Any) -> None:
        assert reasons(launched(HUMAN, MEXICO, "+8816123456789")) == ["", "", ""]

    def test_premium_numbers_are_called_only_if_they_are_named(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        assert reasons(launched("+19005550123", account=real)) == ["premium_rate"]
        allow(real, "US", kinds=("premium_rate",))
        # Such a number may be anywhere in the country, so the list says where it is.
        text = (
            "phone_number,business_name,timezone\n"
            f"+19005550123,A,America/New_York\n{HUMAN},B,America/New_York\n"
        )
        assert reasons(launched(text=text, account=real, map_all=None)) == ["", ""]
        assert sorted(dialed(real)) == [HUMAN, "+19005550123"]

    def test_a_row_with_a_transfer_number_abroad_is_skipped(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        text = (
            f"phone_number,business_name,transfer_phone_number\n{HUMAN},A,{MEXICO}\n"
            f"{OTHER},B,{TOLL_FREE}\n"
        )
        option = ["transfer_phone_number=transfer_phone_number"]
        batch = launched(text=text, account=real, column_options=option, map_all=None)

        assert reasons(batch) == ["country_not_allowed", ""]
        row = Recipient.objects.get(e164=HUMAN)
        assert row.reason.startswith(f"transfer_phone_number {MEXICO}: The number is in Mexico")


class TestNarrowedLists:
    def test_a_row_is_skipped_when_its_country_is_removed_before_its_call(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        allow(real, "US", "MX", "DO")
        batch = launched(HUMAN, MEXICO, SANTO_DOMINGO, TOLL_FREE, account=real)
        assert reasons(batch) == [""] * 4
        allow(real, "US")

        report = dry_run.compute(Batch.objects.get(pk=batch.pk), now=NOON)

        assert report["never"]["country_not_allowed"] == 2
        assert (
            "2 rows are in countries that this account may not call: DO 1, MX 1." in report["notes"]
        )
        assert dialed(real) == [HUMAN]
        # The toll-free number may be in Hawaii, so it waits for hours there.
        assert reasons(batch) == [
            "",
            "country_not_allowed",
            "country_not_allowed",
            "outside_calling_hours",
        ]
        skipped = Recipient.objects.get(e164=MEXICO)
        assert (skipped.status, skipped.checks[-1][0]) == ("skipped", "countries")

    def test_the_dry_run_counts_skipped_rows_by_country(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        batch = launched(HUMAN, MEXICO, SANTO_DOMINGO, "+525512345679", account=real)

        notes = dry_run.compute(batch, now=NOON)["notes"]

        assert "3 rows are in countries that this account may not call: MX 2, DO 1." in notes

    @pytest.mark.parametrize(
        "call_settings",
        [
            {"from": MEXICO},
            {"transfer_phone_number": MEXICO},
            {"transfer_list": {"default": HUMAN, "sales": MEXICO}},
            {"voicemail": {"message": "Hi", "sms": {"to": MEXICO, "message": "Hi"}}},
        ],
    )
    def test_a_batch_pauses_when_the_country_of_one_of_its_numbers_is_removed(
        self, real: VoiceAccount, launched: Any, call_settings: dict[str, Any]
    ) -> None:
        allow(real, "US", "MX")
        batch = launched(HUMAN, account=real, call_settings=call_settings)
        allow(real, "US")

        assert dialed(real) == []
        batch.refresh_from_db()
        assert (batch.status, batch.reason_code) == ("paused", "country_not_allowed")
        assert f"{MEXICO}: The number is in Mexico" in batch.reason
        with pytest.raises(drafts.DraftError, match="Mexico"):
            launched(HUMAN, account=real, call_settings=call_settings)

    def test_a_number_in_a_variable_is_checked_when_the_call_is_placed(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        voicemail = {"message": "Hi", "sms": {"to": "{{sms_to}}", "message": "Hi"}}
        text = f"phone_number,business_name,sms_to\n{HUMAN},A,{MEXICO}\n{OTHER},B,{OTHER}\n"
        batch = launched(text=text, account=real, call_settings={"voicemail": voicemail})

        assert dialed(real) == [OTHER]
        assert reasons(batch) == ["country_not_allowed", ""]


def test_a_test_call_goes_only_to_countries_of_the_account(
    real: VoiceAccount, make_batch: Any
) -> None:
    batch = make_batch(HUMAN, account=real)

    with pytest.raises(drafts.DraftError, match="Mexico") as refused:
        copying.place_test_call(batch, number=MEXICO)
    assert refused.value.code == "country_not_allowed"
    assert Batch.objects.count() == 1
