"""Why a person was or was not called: the rules' answers as of each decision, and as of now."""

from __future__ import annotations

import ast
import inspect
import random
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from batchcalls.batches import legal_floor
from batchcalls.calling import claiming, gate, hours, rule_packs, verdicts
from batchcalls.calling.next_attempts import next_attempt
from batchcalls.calling.recent_attempts import Recent
from batchcalls.database.lease import Lease
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.reporting import explaining
from batchcalls.reporting.explaining import NAMES
from batchcalls.states import RecipientStatus
from campaigns.caps import Attempt
from campaigns.do_not_call import BanEntry
from campaigns.models import Ban, Bans, Campaign, Suppression

NUMBER = "+12025550190"
#: 10:30 in Washington, D.C., on a Wednesday.
NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOWS = {"windows": {str(day): [["09:00", "17:00"]] for day in range(7)}}


def strict_batch(**fields: Any) -> Batch:
    """Return a batch with every kind of rule, which is not stored."""
    policy = {
        "name": "Weekdays",
        "calling_hours": WINDOWS,
        "caps": {"attempts_7d": 5, "skip": False},
        "retry": {"rules": [], "another_hour": True},
    }
    values = {"created_at": NOW - 9 * HOUR, "start_at": NOW - 2 * HOUR, "policy": policy, **fields}
    return Batch(
        account=VoiceAccount(name="real", provider="bland"),
        call_settings={"dispatch_hours": {"start": "08:30", "end": "20:00"}},
        **values,
    )


def row(**fields: Any) -> Recipient:
    place = {"time_zones": "America/New_York", "zone_sources": "postcode"}
    return Recipient(**{"pk": 7, "e164": NUMBER, "attempts": 1, **place, **fields})


def facts(**fields: Any) -> gate.Facts:
    recent = Recent({NUMBER: [Attempt(NOW - 25 * HOUR)]}, {7: [NOW - 26 * HOUR]})
    lifted = "lifted by ann until 2026-04-01 00:00 UTC: a contract"
    return gate.Facts(**{"now": NOW, "recent": recent, "floor_lifted": lifted, **fields})


def names_yielded() -> set[str]:
    """Return the first member of each pair that the gate's modules yield, if it is written."""
    found = set()
    for module in (gate, hours):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
                first = node.value.elts[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


def test_each_rule_that_the_gate_can_name_has_a_label() -> None:
    assert {"do_not_call", "legal_hours", "caps"} <= names_yielded()
    assert {*names_yielded(), rule_packs.RULE} - NAMES.keys() == set(), (
        "Add the rule to explaining.NAMES."
    )


def test_labels_are_in_the_order_in_which_the_rules_are_checked() -> None:
    allowed = gate.check(strict_batch(), row(), facts())
    assert isinstance(allowed, verdicts.Allowed)
    names = list(allowed.checks)
    assert names == sorted(names, key=list(NAMES).index)
    assert names == [
        *("do_not_call", "countries", "consent", "start_time", "calling_policy", "legal_floor"),
        *("time_zone", "legal_hours", "rule_packs", "calling_hours", "dispatch_hours"),
        *("another_hour", "caps"),
    ]


def test_each_answer_carries_what_the_rule_decided_by() -> None:
    allowed = gate.check(strict_batch(), row(), facts())
    assert isinstance(allowed, verdicts.Allowed)
    assert allowed.checks == {
        "do_not_call": "not listed",
        "countries": "United States (US): this account may call it",
        "consent": "not required for informational calls",
        "start_time": "2026-03-04 13:30 UTC has come",
        "calling_policy": "“Weekdays”, copied 2026-03-04 06:30 UTC",
        "legal_floor": "lifted by ann until 2026-04-01 00:00 UTC: a contract",
        "time_zone": "America/New_York, by the postcode",
        "legal_hours": "open in America/New_York (Wed 10:30; hours 08:00–21:00)",
        "rule_packs": "no hours for informational calls to US-DC,US-MD",
        "calling_hours": "open in America/New_York (Wed 10:30; hours 09:00–17:00)",
        "dispatch_hours": "open in America/New_York (Wed 10:30; hours 08:30–20:00)",
        "another_hour": "not called at this hour in America/New_York. "
        "Earlier calls: 2026-03-03 13:30 UTC.",
        "caps": "0 of 3 calls in 24 hours, 1 of 5 calls in 7 days (2026-03-03 14:30 UTC)",
    }


def test_a_cap_names_the_calls_that_used_it() -> None:
    times = [NOW - HOUR, NOW - 2 * HOUR, NOW - 3 * HOUR]
    recent = Recent({NUMBER: [Attempt(at) for at in times]})
    refused = gate.check(strict_batch(), row(), facts(recent=recent))
    assert isinstance(refused, verdicts.Refused)
    assert refused.message == "The number had 3 calls in 24 hours; the cap is 3."
    assert refused.checks[-1][1].startswith(
        "The number had 3 calls in 24 hours; the cap is 3. Counted: 3 of 3 calls in 24 hours "
        "(2026-03-04 14:30 UTC, 2026-03-04 13:30 UTC, 2026-03-04 12:30 UTC), 3 of 5 calls"
    )


def entry(pk: int, *, campaign_id: int | None = None, is_hold: bool = False) -> BanEntry:
    expires = NOW + 24 * HOUR if campaign_id else None
    return BanEntry(pk, campaign_id, is_hold, "sms", NOW - HOUR, expires)


@pytest.mark.parametrize(
    ("entries", "ban", "told"),
    [
        ([entry(1)], Ban.EVERYWHERE, "Entry 1: all calls, from 2026-03-04 14:30 UTC until further"),
        ([entry(1, is_hold=True), entry(2, campaign_id=4), entry(3)], Ban.EVERYWHERE, "Entry 3: "),
        (
            [entry(1, is_hold=True), entry(2, campaign_id=4)],
            Ban.CAMPAIGN,
            "Entry 2: the calls of this campaign, from 2026-03-04 14:30 UTC until "
            "2026-03-05 15:30 UTC (Text message).",
        ),
        ([entry(1, is_hold=True), entry(2, campaign_id=5)], Ban.HELD, "Entry 1: "),
    ],
)
def test_the_do_not_call_entry_that_matched_is_named(
    entries: list[BanEntry], ban: Ban, told: str
) -> None:
    batch = strict_batch(campaign_id=4)
    refused = gate.check(batch, row(), facts(bans=Bans({NUMBER: entries})))
    assert isinstance(refused, verdicts.Refused)
    assert refused.message == ban.message
    [(rule, answer)] = refused.checks
    assert rule == "do_not_call"
    assert answer.startswith(f"{ban.message} {told}")


def test_a_missing_variable_keeps_the_answers_of_the_rules_before_it() -> None:
    batch = strict_batch(prompt="Hello {{name}}.")
    refused = next_attempt(batch.account, batch, row(), facts())
    assert isinstance(refused, verdicts.Refused)
    assert refused.code == "missing_variable"
    assert [rule for rule, _ in refused.checks][:2] == ["do_not_call", "countries"]
    assert refused.checks[-1] == ("variables", refused.message)
    assert len(refused.checks) == 14


def test_a_rule_that_cannot_be_evaluated_keeps_the_answers_before_it() -> None:
    batch = strict_batch(policy={"name": "Weekdays", "calling_hours": {"windows": "broken"}})
    refused = next_attempt(batch.account, batch, row(), facts())
    assert isinstance(refused, verdicts.Refused)
    assert (refused.status, refused.code) == (RecipientStatus.SKIPPED, "cannot_tell")
    rules = [rule for rule, _ in refused.checks]
    assert rules[-3:] == ["calling_policy", "legal_floor", "cannot_tell"]


def test_stored_answers_are_shown_in_the_order_of_checking() -> None:
    allowed = gate.check(strict_batch(), row(), facts())
    assert isinstance(allowed, verdicts.Allowed)
    # As PostgreSQL returns an object: by the length of the names.
    stored = sorted(allowed.checks.items(), key=lambda answer: len(answer[0]))
    random.Random(1).shuffle(stored)
    shown = explaining.why_called(CallResult(checks=dict(stored)))
    assert [verdict.name for verdict in shown] == list(allowed.checks)


@pytest.mark.django_db
class TestDecisions:
    @pytest.fixture
    def waiting(self, make_batch: Any) -> Recipient:
        """A row that is due in a batch whose hours are 09:00 to 17:00."""
        batch = make_batch(NUMBER, name="March")
        Batch.objects.update(
            status="dispatching", row_count=1, queued_through=2, policy={"calling_hours": WINDOWS}
        )
        return Recipient.objects.create(
            batch=batch,
            row_number=2,
            e164=NUMBER,
            time_zones="America/New_York",
            zone_sources="number",
            request_data={"business_name": "Shop"},
            status="queued",
            due_at=NOW - 30 * HOUR,
        )

    def claim(self, at: datetime) -> None:
        with time_machine.travel(at, tick=False):
            accounts = VoiceAccount.objects.all()
            lease = Lease.acquire(accounts, accounts.get().pk, seconds=60)
            assert lease is not None
            with lease:
                claiming.claim(lease, want=10)

    def test_a_refusal_is_shown_as_of_its_decision_and_as_of_now(self, waiting: Recipient) -> None:
        night = datetime(2026, 3, 4, 4, tzinfo=UTC)
        self.claim(night)
        row = Recipient.objects.get()
        listed, checked, preview = explaining.decisions_about(row, now=NOW)
        assert (listed.kind, listed.title) == ("list", "When the list was checked")
        assert (checked.kind, checked.title) == ("refusal", "Last checked 2026-03-04 04:00 UTC")
        refusal = next(one for one in checked.verdicts if one.allows is False)
        assert refusal.rule == "Calling hours"
        assert "It is Tuesday 2026-03-03 23:00 in America/New_York" in refusal.detail
        assert (preview.kind, preview.title) == (
            "preview",
            "If it were dialed now (2026-03-04 15:30 UTC)",
        )
        now = {one.rule: one.allows for one in preview.verdicts}
        assert now["Calling hours"] is True

    def test_a_row_skipped_at_dialing_keeps_what_was_true_then(self, waiting: Recipient) -> None:
        Suppression.objects.create(e164=NUMBER, source="mail")
        self.claim(NOW)
        Suppression.objects.all().delete()
        found = explaining.why_not(Recipient.objects.get())
        refusal = next(one for one in found if one.allows is False)
        assert refusal.rule == "Do-not-call list"
        assert refusal.detail.endswith("(Letter).")

    def test_an_attempt_is_shown_with_its_call(self, waiting: Recipient) -> None:
        self.claim(NOW)
        call = CallResult.objects.get()
        listed, attempt = explaining.decisions_about(Recipient.objects.get())
        assert (listed.kind, attempt.kind, attempt.call) == ("list", "attempt", call)
        assert attempt.title == "Attempt 1, checked 2026-03-04 15:30 UTC"

    def test_a_lifted_floor_says_who_lifted_it_and_until_when(
        self, waiting: Recipient, admin_user: Any
    ) -> None:
        VoiceAccount.objects.update(provider="bland")
        with time_machine.travel(NOW, tick=False):
            account = VoiceAccount.objects.get()
            legal_floor.lift(account, until=NOW + HOUR, reason="A drill.", actor=admin_user)
            facts = gate.facts_about(Batch.objects.get(), waiting, now=NOW)
            assert facts.floor_lifted == "lifted by admin until 2026-03-04 16:30 UTC: A drill."
            legal_floor.restore(account)
            facts = gate.facts_about(Batch.objects.get(), waiting, now=NOW)
        assert facts.floor_lifted == ""

    def test_a_campaigns_entry_concerns_its_batches_only(self, waiting: Recipient) -> None:
        campaign = Campaign.objects.create(name="March", prompt="Hello.")
        Suppression.objects.create(e164=NUMBER, campaign=campaign)
        bans = Suppression.objects.bans_among([NUMBER], now=NOW)
        assert bans.on(NUMBER, campaign.pk) == Ban.CAMPAIGN
        assert bans.on(NUMBER, None) is None


@pytest.mark.django_db
class TestCommand:
    def ask(self, *arguments: str) -> str:
        out = StringIO()
        call_command("whycalled", *arguments, stdout=out)
        return out.getvalue()

    def test_each_row_with_the_number_is_explained(self, make_batch: Any, run: Any) -> None:
        run(make_batch(NUMBER, name="March"))
        Suppression.objects.create(e164=NUMBER)
        run(make_batch(NUMBER, name="April"))
        told = self.ask("(202) 555-0190")
        april, march = told.split("March, row 2: ")
        assert april.startswith("April, row 2: Skipped. The number is on the do-not-call list.")
        assert "  NO  Do-not-call list: The number is on the do-not-call list. Entry" in april
        assert march.startswith("Reached.")
        assert " yes  Do-not-call list: not listed" in march
        assert "Attempt 1, checked" in self.ask(NUMBER, "--all")

    @pytest.mark.parametrize("number", [NUMBER, "12"])
    def test_a_number_that_no_row_has_is_an_error(self, number: str) -> None:
        with pytest.raises(CommandError, match=r"No row|too short"):
            self.ask(number)
