"""Consent is checked when a list is taken in, and again when somebody is dialed."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest

from batchcalls.calling import consent, gate, verdicts
from batchcalls.database import clock
from batchcalls.drafting import copying, drafts
from batchcalls.drafting.drafts import DraftRequest
from batchcalls.intake import dry_run, runner
from batchcalls.models import Batch, Recipient, VoiceAccount
from batchcalls.reporting import explaining
from batchcalls.reporting.exports import batch_tables
from batchcalls.states import RecipientStatus
from campaigns.consent_demands import ConsentKind, Demand
from campaigns.models import CallingPolicy, Campaign
from campaigns.vocabulary import ConsentRule, Purpose
from tests.intake.test_importing import validated

pytestmark = pytest.mark.django_db

LIST = """phone_number,Consent,Consent type,consent_date,Opt-in source,TrustedForm URL
+12025550190,yes,written,2026-01-31,Web form,https://cert.example/1
+12025550191,yes,verbal,,Phone,
+12025550192,,,,,
+12025550193,yes,,2027-12-31,,
+12025550194,yes (verbal),,3/4/2024,,
"""


def policy(rule: ConsentRule = ConsentRule.NOBODY) -> CallingPolicy:
    return CallingPolicy.objects.create(name="Spring", consent_required=rule)


def campaign(rule: ConsentRule, purpose: Purpose = Purpose.MARKETING) -> Campaign:
    return Campaign.objects.create(name="C", prompt="Hello.", policy=policy(rule), purpose=purpose)


def rows_of(batch: Batch) -> list[Recipient]:
    return list(Recipient.objects.filter(batch=batch).order_by("row_number"))


def codes(batch: Batch) -> list[str]:
    return [row.reason_code for row in rows_of(batch)]


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Require consent as a rule pack would, from now on."""

    def demand(**fields: Any) -> None:
        demands = [Demand(said_by="The law", **fields)]
        monkeypatch.setattr(consent, "demands_on", lambda batch, packs: demands)

    return demand


class TestTakingIn:
    def test_what_the_list_says_is_kept_with_each_recipient(self, make_batch: Any) -> None:
        batch = validated(make_batch(text=LIST, prompt="Hello.", map_all=None))
        first, second, third, future, unclear = rows_of(batch)
        assert first.consent == {
            "kind": "express_written",
            "given_on": "2026-01-31",
            "source": "Web form",
            "evidence": "https://cert.example/1",
        }
        assert second.consent == {"kind": "express", "source": "Phone"}
        assert third.consent == {}
        assert "in the future" in future.consent["unclear"]
        assert "several ways" in unclear.consent["unclear"]
        # Nothing is required, so that all are called; the report names what cannot be read.
        assert codes(batch) == [""] * 5
        notes = dry_run.compute(batch, now=clock.now())["notes"]
        assert any(note.startswith("2 rows have a consent date or type") for note in notes)

    def test_the_order_of_the_list_decides_about_its_dates(self, make_batch: Any) -> None:
        text = "phone_number,consent_date\n+12025550190,3/4/2024\n+12025550191,12/31/2023\n"
        batch = validated(make_batch(text=text, prompt="Hello.", map_all=None))
        assert [row.consent["given_on"] for row in rows_of(batch)] == ["2024-03-04", "2023-12-31"]
        chosen = make_batch(text=text, prompt="Hello.", map_all=None, dates="dmy")
        first, second = rows_of(validated(chosen))
        assert first.consent["given_on"] == "2024-04-03"
        assert "“12/31/2023” is not a date in the order day/month/year" in second.consent["unclear"]

    def test_each_lack_has_its_reason_and_a_remedy(
        self, make_batch: Any, required: Callable[..., None]
    ) -> None:
        required(at_least=ConsentKind.EXPRESS_WRITTEN, longest=timedelta(days=3_650))
        batch = validated(make_batch(text=LIST, prompt="Hello.", map_all=None))
        assert codes(batch) == [
            *("", "consent_not_written", "no_consent", "consent_unclear", "consent_unclear")
        ]
        reason = rows_of(batch)[1].reason
        assert reason == (
            "The law requires express written consent of the last 3,650 days, and the list states "
            "express consent. If it was given in writing, say so in the consent type column."
        )

    def test_a_policy_takes_a_date_column_for_consent(self, make_batch: Any) -> None:
        text = "phone_number,opt_in_timestamp\n+12025550190,2026-01-31T10:00:00Z\n+12025550191,\n"
        batch = make_batch(
            text=text, prompt="", campaign=campaign(ConsentRule.MARKETING), map_all=None
        )
        assert codes(validated(batch)) == ["", "no_consent"]

    def test_a_workbook_says_it_in_ticks_and_dates(self, account: VoiceAccount) -> None:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        day = date(2024, 4, 3)
        for row in (
            ("phone", "Opt in", "consent_date"),
            ("+12025550190", True, day),
            ("+12025550191", False, day),
            ("+12025550192", None, day),
            ("+12025550193", 1, 45385),
        ):
            sheet.append(row)
        sheet["C2"].number_format = "dd/mm/yy"
        file = io.BytesIO()
        book.save(file)
        file.seek(0)
        request = DraftRequest(name="W", account=account, prompt="Hello.", purpose="marketing")
        batch = validated(drafts.create(request, file, file_name="list.xlsx"))
        ticked, unticked, empty, serial = rows_of(batch)
        assert ticked.consent == {"kind": "given", "given_on": "2024-04-03"}
        assert unticked.reason_code == "consent_refused"
        assert empty.consent == {"given_on": "2024-04-03"}
        assert "a spreadsheet turned into a number" in serial.consent["unclear"]

    def test_the_export_states_the_consent_as_a_list_does(self, make_batch: Any) -> None:
        proof = "=cmd|' /C calc'!A0 https://cert.example/" + "a" * 2_000
        text = (
            "phone_number,consent,consent_type,consent_date,proof of consent\n"
            f"+12025550190,yes,verbal,2024-01-01,{proof}\n+12025550191,no,,2024-01-01,\n"
        )
        table = batch_tables.recipients(validated(make_batch(text=text, prompt="Hello.")))
        place = table.header.index("consent")
        agreed, refused = (list(row)[place : place + 5] for row in table.rows)
        assert agreed == ["yes", "express", "2024-01-01", "", proof]
        assert refused == ["no", "", "2024-01-01", "", ""]


class TestDialing:
    def refusal(
        self, batch: Batch, row: Recipient, **later: Any
    ) -> verdicts.Allowed | verdicts.Refused:
        now = clock.now() + timedelta(**later)
        return gate.check(batch, row, gate.facts_about(batch, row, now=now))

    def test_a_policy_that_became_stricter_reaches_waiting_batches_at_once(
        self, launched: Callable[..., Batch], make_batch: Any
    ) -> None:
        batch = launched(text=LIST, prompt="", campaign=campaign(ConsentRule.NOBODY), map_all=None)
        CallingPolicy.objects.update(consent_required=ConsentRule.MARKETING)
        batch = Batch.objects.get(pk=batch.pk)
        written, _, blank, *_ = rows_of(batch)
        answer = self.refusal(batch, written)
        assert isinstance(answer, verdicts.Allowed)
        assert answer.checks["consent"] == (
            "express written consent of 2026-01-31, Web form; the calling policy Spring requires "
            "consent"
        )
        refused = self.refusal(batch, blank)
        assert isinstance(refused, verdicts.Refused)
        assert (refused.status, refused.code) == (RecipientStatus.SKIPPED, "no_consent")
        why = [one for one in explaining.why_not(blank) if one.rule == explaining.CONSENT]
        assert [(one.allows, one.detail) for one in why] == [(False, refused.message)]
        # A looser policy gives nothing back to a batch that was made under the stricter one.
        strict = make_batch(
            text=LIST, prompt="", campaign=Campaign.objects.get(), map_all=None, name="Strict"
        )
        CallingPolicy.objects.update(consent_required=ConsentRule.NOBODY)
        assert Batch.objects.get(pk=strict.pk).consent_required

    def test_a_stricter_policy_leaves_emergencies_alone(
        self, launched: Callable[..., Batch]
    ) -> None:
        batch = launched(
            text=LIST,
            prompt="",
            campaign=campaign(ConsentRule.NOBODY, Purpose.EMERGENCY),
            map_all=None,
        )
        CallingPolicy.objects.update(consent_required=ConsentRule.ALL_BUT_EMERGENCY)
        batch = Batch.objects.get(pk=batch.pk)
        answer = self.refusal(batch, rows_of(batch)[2])
        assert isinstance(answer, verdicts.Allowed)
        assert answer.checks["consent"] == "not required for emergency calls"

    def test_consent_ages_between_the_check_of_the_list_and_the_call(
        self, launched: Callable[..., Batch], required: Callable[..., None]
    ) -> None:
        batch = launched(text=LIST, prompt="Hello.", map_all=None)
        row = rows_of(batch)[0]
        days = (consent.latest_day(clock.now()) - row.consent_evidence.given_on).days
        required(longest=timedelta(days=days))
        assert isinstance(self.refusal(batch, row), verdicts.Allowed)
        old = self.refusal(batch, row, days=1)
        assert isinstance(old, verdicts.Refused)
        assert old.code == "consent_too_old"
        assert "of 2026-01-31. Ask the person again" in old.message

    def test_the_dry_run_counts_whose_consent_is_too_old_when_the_call_is_due(
        self, launched: Callable[..., Batch], required: Callable[..., None], account: VoiceAccount
    ) -> None:
        soon = clock.now() + timedelta(days=3)
        text = (
            "phone_number,consent_date,start_time\n+12025550190,2026-01-31,\n"
            f"+12025550191,2026-01-31,{soon:%Y-%m-%dT%H:%M:%SZ}\n"
        )
        batch = launched(text=text, prompt="Hello.", map_all=None)
        given_on = rows_of(batch)[0].consent_evidence.given_on
        required(longest=consent.latest_day(clock.now()) - given_on)
        Batch.objects.filter(pk=batch.pk).update(policy={"consent_required": True})
        report = dry_run.compute(Batch.objects.get(pk=batch.pk), now=clock.now())
        assert (report["now"], report["never"]) == (1, {"consent_too_old": 1})
        assert any(note.startswith("1 row has no consent of the kind") for note in report["notes"])

    def test_whoever_tests_consents_whatever_the_first_row_says(
        self, make_batch: Any, required: Callable[..., None]
    ) -> None:
        text = "phone_number,consent,opt_out\n+12025550190,no,yes\n"
        batch = make_batch(
            text=text, prompt="", campaign=campaign(ConsentRule.MARKETING), map_all=None
        )
        trial = copying.place_test_call(batch, number="+12025550123")
        runner.run_batch(trial.pk, seconds=30)
        row = rows_of(trial)[0]
        assert (row.e164, row.reason_code) == ("+12025550123", "")
        answer = self.refusal(trial, row)
        assert isinstance(answer, verdicts.Allowed)
        assert answer.checks["consent"] == consent.TEST_CALL
