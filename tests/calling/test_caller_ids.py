"""Which number a call is placed from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling.caller_ids import CallerIds, Chosen, Unavailable
from batchcalls.drafting import drafts, edits
from batchcalls.intake import dry_run, runner
from batchcalls.models import Batch, CallerId, CallResult, Recipient, VoiceAccount
from batchcalls.reporting import explaining
from batchcalls.reporting.waiting import waiting_of
from tests.calling.placing import HUMAN, Recorder, lease_of, place_due

pytestmark = pytest.mark.django_db

#: Noon in Washington, D.C., whose area code is 202.
NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MIAMI, ORLANDO, NEW_YORK, TORONTO, LONDON = (
    "+13055550100",
    "+14075550100",
    "+12125550100",
    "+14165550100",
    "+442079460100",
)
_ids = count(1)


@pytest.fixture(autouse=True)
def noon() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def real(account: VoiceAccount, monkeypatch: pytest.MonkeyPatch) -> VoiceAccount:
    """An account that rings people in three countries; calls are recorded instead of placed."""
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    return VoiceAccount.objects.create(name="real", provider="bland", countries=["US", "CA", "GB"])


def add(account: VoiceAccount, *numbers: str, **fields: Any) -> list[CallerId]:
    return [CallerId.objects.create(account=account, e164=one, **fields) for one in numbers]


def row(number: str, region: str = "US", **fields: Any) -> Recipient:
    return Recipient(e164=number, region=region, **fields)


def choose(account: VoiceAccount, *rows: Recipient, own: str = "") -> list[Any]:
    """Choose for one recipient after the other in one claim, and store that."""
    caller_ids = CallerIds(account, rows, now=timezone.now())
    chosen = [caller_ids.choose(one, own) for one in rows]
    caller_ids.store()
    return [one.e164 if isinstance(one, Chosen) else one for one in chosen]


def past_calls(caller_id: CallerId, *ago: timedelta, account: VoiceAccount | None = None) -> None:
    account = account or caller_id.account
    batch, _ = Batch.objects.get_or_create(name="Past", account=account, prompt="Hello.")
    for time in ago:
        number = next(_ids)
        recipient = Recipient.objects.create(
            batch=batch, row_number=number + 1, e164=HUMAN, status="done", outcome="not_reached"
        )
        CallResult.objects.create(
            batch=batch,
            recipient=recipient,
            account=account,
            attempt=1,
            to_number=HUMAN,
            from_number=caller_id.e164,
            claimed_at=timezone.now() - time,
        )


def dialed(account: VoiceAccount) -> list[tuple[str, str]]:
    """Claim and place what is due; return each number and its caller ID."""
    provider = Recorder()
    with lease_of(account) as lease:
        place_due(provider, lease)
    return [(one.to, one.from_number) for one in provider.placed]


class TestLikeness:
    @pytest.mark.parametrize(
        ("recipient", "region", "chosen", "why"),
        [
            ("+13055550199", "US", MIAMI, "same area code"),
            ("+19045550199", "US", ORLANDO, "same state"),
            ("+16475550199", "CA", TORONTO, "same country"),
            ("+441632960199", "GB", LONDON, "same country"),
            ("+81312345678", "JP", LONDON, "next in turn"),
        ],
    )
    def test_the_nearest_caller_id_is_chosen(
        self, real: VoiceAccount, recipient: str, region: str, chosen: str, why: str
    ) -> None:
        add(real, LONDON, NEW_YORK, TORONTO, ORLANDO, MIAMI)

        answer = CallerIds(real, [], now=NOON).choose(row(recipient, region), "")

        assert answer == Chosen(chosen, f"from {chosen}: {why}")

    def test_equals_are_used_in_turn_over_claims(self, real: VoiceAccount, noon: Any) -> None:
        numbers = [one.e164 for one in add(real, MIAMI, "+13055550101", "+13055550102")]
        recipients = [row(f"+130555501{index}") for index in range(10, 20)]

        chosen = []
        for one in recipients[:5]:
            noon.shift(1)
            chosen += choose(real, one)
        chosen += choose(real, *recipients[5:])

        assert set(chosen[:3]) == set(numbers)
        assert chosen[3:5] == chosen[:2]
        assert max(Counter(chosen).values()) <= 4

    def test_caller_ids_chosen_for_one_likeness_wait_their_turn_in_the_others(
        self, real: VoiceAccount
    ) -> None:
        add(real, MIAMI, NEW_YORK)

        assert choose(real, row("+13055550199"), row("+16175550199")) == [MIAMI, NEW_YORK]

    def test_without_caller_ids_the_provider_chooses(self, real: VoiceAccount) -> None:
        assert choose(real, row(HUMAN)) == [""]

    def test_a_person_is_not_called_from_the_own_number(self, real: VoiceAccount) -> None:
        add(real, MIAMI)

        [alone] = choose(real, row(MIAMI))
        assert (alone.code, alone.due_at) == ("caller_id_is_recipient", None)
        [own] = choose(real, row(HUMAN), own=HUMAN)
        assert own.code == "caller_id_is_recipient"
        add(real, LONDON)
        assert choose(real, row(MIAMI), row("+13055550199")) == [LONDON, MIAMI]

    def test_a_retry_keeps_its_caller_id_while_it_is_on(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        add(real, NEW_YORK, "+12025550100", "+12025550101")
        batch = launched(HUMAN, account=real)
        [(_, first)] = dialed(real)
        CallResult.objects.update(status="no_answer", ended_at=NOON)
        again = Recipient.objects.get(batch=batch)
        assert again.attempts == 1

        assert [choose(real, again)[0] for _ in range(3)] == [first] * 3
        CallerId.objects.filter(e164=first).update(enabled=False)
        assert choose(real, again) == [({"+12025550100", "+12025550101"} - {first}).pop()]


class TestDailyCap:
    def test_a_caller_id_at_its_cap_is_left_out_until_the_cap_allows_more(
        self, real: VoiceAccount, noon: Any
    ) -> None:
        [miami, _] = add(real, MIAMI, daily_cap=2) + add(real, NEW_YORK)
        past_calls(miami, timedelta(hours=20), timedelta(hours=1), timedelta(days=2))

        assert choose(real, row("+13055550199")) == [NEW_YORK]
        miami.refresh_from_db()
        assert miami.full_until
        assert timedelta(hours=4) <= miami.full_until - NOON < timedelta(hours=4, minutes=5)
        noon.move_to(miami.full_until - timedelta(seconds=1))
        assert choose(real, row("+13055550199")) == [NEW_YORK]
        noon.move_to(miami.full_until + timedelta(seconds=1))
        assert choose(real, row("+13055550199")) == [MIAMI]

    def test_a_lowered_cap_waits_until_enough_calls_are_a_day_old(self, real: VoiceAccount) -> None:
        [miami] = add(real, MIAMI, daily_cap=2)
        past_calls(miami, *(timedelta(hours=hours) for hours in (4, 10, 15, 20)))

        [waiting] = choose(real, row("+13055550199"))

        assert timedelta(hours=14) <= waiting.due_at - NOON < timedelta(hours=14, minutes=5)

    def test_the_calls_of_a_claim_count(self, real: VoiceAccount) -> None:
        add(real, MIAMI, daily_cap=2)
        recipients = [row(f"+130555501{index}") for index in range(10, 14)]

        *two, third, fourth = choose(real, *recipients)

        assert two == [MIAMI, MIAMI]
        assert (third.code, fourth.code) == ("caller_id_at_cap", "caller_id_at_cap")
        assert third.due_at > NOON + DAY

    def test_calls_through_another_account_do_not_count(
        self, real: VoiceAccount, account: VoiceAccount
    ) -> None:
        [miami] = add(real, MIAMI, daily_cap=1)
        past_calls(miami, timedelta(hours=1), account=account)

        assert choose(real, row(HUMAN)) == [MIAMI]

    def test_the_choice_says_how_much_of_the_cap_is_used(self, real: VoiceAccount) -> None:
        [miami] = add(real, MIAMI, daily_cap=1_200)
        past_calls(miami, timedelta(hours=1), timedelta(hours=2))

        answer = CallerIds(real, [], now=NOON).choose(row("+13055550199"), "")

        assert isinstance(answer, Chosen)
        assert answer.message == f"from {MIAMI}: same area code, 2 of 1,200 calls in 24 hours"

    def test_a_row_waits_for_the_first_caller_id_that_is_free_again(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        miami, york = add(real, MIAMI, NEW_YORK, daily_cap=1)
        past_calls(miami, timedelta(hours=1))
        past_calls(york, timedelta(hours=3))
        batch = launched(HUMAN, "+13055550199", account=real)

        assert dialed(real) == []
        for waiting in Recipient.objects.filter(batch=batch):
            assert (waiting.status, waiting.reason_code) == ("deferred", "caller_id_at_cap")
            assert waiting.due_at
            assert NOON + timedelta(hours=21) <= waiting.due_at <= NOON + timedelta(hours=21.1)
            assert waiting.checks[-1][0] == "caller_id"
            [told] = [one for one in explaining.why_not(waiting) if one.rule == "Caller ID"]
            assert told.allows is False
            assert "daily caps" in told.detail

    def test_the_dry_run_says_how_many_calls_the_caps_allow(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        add(real, MIAMI, NEW_YORK, daily_cap=1)
        batch = launched(HUMAN, "+13055550199", "+13055550198", account=real)

        notes = dry_run.compute(batch, now=NOON)["notes"]

        assert (
            "The caller IDs of real may place 2 calls in 24 hours; the other calls wait." in notes
        )

    def test_two_thousand_caller_ids_are_counted_with_few_queries(self, real: VoiceAccount) -> None:
        CallerId.objects.bulk_create(
            CallerId(account=real, e164=f"+1305555{index:04}", daily_cap=1)
            for index in range(2_000)
        )
        first = CallerId.objects.order_by("pk")[:100]
        for one in first:
            past_calls(one, timedelta(hours=1))
        recipients = [row(f"+1305666{index:04}") for index in range(128)]

        with CaptureQueriesContext(connection) as queries:
            chosen = choose(real, *recipients)

        assert len(set(chosen)) == 128
        assert not {one.e164 for one in first} & set(chosen)
        # The pool, the calls of up to 65 caller IDs at a time, and two updates.
        assert len(queries) <= 8


class TestSwitchedOff:
    def test_rows_wait_while_all_caller_ids_are_off(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        add(real, MIAMI, NEW_YORK, enabled=False)
        batch = launched(HUMAN, account=real)

        assert dialed(real) == []
        waiting = Recipient.objects.get(batch=batch)
        assert (waiting.status, waiting.reason_code) == ("deferred", "caller_ids_off")
        assert waiting.due_at == NOON + timedelta(hours=1)
        assert waiting_of([Batch.objects.get(pk=batch.pk)])[batch.pk].code == "caller_id"
        assert any("switched off" in note for note in dry_run.compute(batch, now=NOON)["notes"])
        CallerId.objects.filter(e164=MIAMI).update(enabled=True)
        Recipient.objects.update(due_at=NOON)
        assert dialed(real) == [(HUMAN, MIAMI)]

    def test_a_batch_is_paused_when_its_caller_id_is_switched_off(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        add(real, MIAMI, NEW_YORK)
        batch = launched(HUMAN, account=real, call_settings={"from": MIAMI})
        other = launched("+12025550191", account=real)
        CallerId.objects.filter(e164=MIAMI).update(enabled=False)

        assert dialed(real) == [("+12025550191", NEW_YORK)]
        batch.refresh_from_db()
        assert (batch.status, batch.reason_code) == ("paused", "caller_id_off")
        assert MIAMI in batch.reason
        other.refresh_from_db()
        assert other.status != "paused"

    def test_a_batch_with_such_a_caller_id_cannot_be_created_or_launched(
        self, real: VoiceAccount, make_batch: Any
    ) -> None:
        [miami] = add(real, MIAMI)
        batch = make_batch(HUMAN, account=real, call_settings={"from": MIAMI})
        lifecycle.submit(batch, launch=False)
        runner.run_batch(batch.pk, seconds=30)
        batch.refresh_from_db()
        assert batch.status == "ready"
        miami.enabled = False
        miami.save()

        with pytest.raises(drafts.DraftError, match="switched off"):
            edits.launch_ready(batch)
        with pytest.raises(drafts.DraftError, match="switched off"):
            make_batch(HUMAN, account=real, call_settings={"from": MIAMI})
        lifecycle.back_to_draft(batch)
        assert [one.code for one in edits.problems(batch)] == ["caller_id_off"]

    def test_a_row_with_such_a_caller_id_is_skipped(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        miami, york = add(real, MIAMI, NEW_YORK)
        miami.enabled = False
        miami.save()
        text = f"phone_number,business_name,from\n{HUMAN},A,{MIAMI}\n+12025550191,B,{NEW_YORK}\n"
        batch = launched(text=text, account=real, column_options=["from=from"], map_all=None)
        rows = list(Recipient.objects.filter(batch=batch).order_by("row_number"))
        assert [one.reason_code for one in rows] == ["caller_id_off", ""]
        york.enabled = False
        york.save()

        assert dialed(real) == []
        rows[1].refresh_from_db()
        assert (rows[1].status, rows[1].reason_code) == ("skipped", "caller_id_off")

    def test_a_caller_id_of_the_call_counts_against_its_cap(
        self, real: VoiceAccount, launched: Any
    ) -> None:
        [miami] = add(real, MIAMI, daily_cap=1)
        past_calls(miami, timedelta(hours=1))
        batch = launched(HUMAN, account=real, call_settings={"from": MIAMI})

        assert dialed(real) == []
        waiting = Recipient.objects.get(batch=batch)
        assert (waiting.status, waiting.reason_code) == ("deferred", "caller_id_at_cap")

    def test_the_choice_is_kept_with_the_call(self, real: VoiceAccount, launched: Any) -> None:
        add(real, MIAMI, "+12025550100", daily_cap=200)
        launched(HUMAN, account=real)

        assert dialed(real) == [(HUMAN, "+12025550100")]
        call = CallResult.objects.get()
        told = "from +12025550100: same area code, 0 of 200 calls in 24 hours"
        assert call.checks["caller_id"] == told
        assert told in [one.detail for one in explaining.why_called(call)]


def test_a_caller_id_in_another_country_is_not_used(real: VoiceAccount) -> None:
    add(real, "+33142685300", MIAMI)

    assert choose(real, row("+33142685301", "FR")) == [MIAMI]
    CallerId.objects.filter(e164=MIAMI).delete()
    [none] = choose(real, row(HUMAN))
    assert isinstance(none, Unavailable)
    assert none.code == "caller_ids_off"
