"""Who is dialed, how often, and who is not."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from batchcalls.batches import lifecycle
from batchcalls.calling import claiming, pacing, recording, stopping, ticks
from batchcalls.calling.claiming import Claims
from batchcalls.database.lease import Lease, LeaseLost
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.reporting import explaining
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus
from batchcalls.voice.base import CallRequest
from campaigns import hashed_numbers, quoted_values
from campaigns.models import AllowedHost, Suppression
from tests.calling.placing import HUMAN, OTHER, Recorder, lease_of, place_due


@pytest.mark.django_db
class TestClaims:
    def test_an_attempt_is_written_down_before_anybody_is_dialed(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN)
        seen: list[tuple[str, str]] = []

        def look(request: CallRequest) -> None:
            seen.append(("dialing", str(request.correlation_id)))

        with lease_of(account) as lease:
            claims = claiming.claim(lease, want=10)
            call = CallResult.objects.get()
            assert Recipient.objects.get().status == RecipientStatus.DIALING
            assert (call.status, call.provider_call_id) == (CallStatus.QUEUED, None)
            recording.record(
                [(one.call, Recorder(look).place(one.request)) for one in claims.placeable]
            )
        assert seen == [("dialing", str(call.call_id))]
        assert Recipient.objects.get().status == RecipientStatus.IN_CALL

    def test_the_request_is_what_the_row_says(self, launched: Any, account: VoiceAccount) -> None:
        launched(HUMAN, prompt="Hello {{business_name}}, your number is {{short_to}}.")
        provider = Recorder()
        with lease_of(account) as lease:
            place_due(provider, lease)

        [request] = provider.placed
        said = quoted_values.plain(request.prompt)
        assert said == "Hello Shop 0, your number is 2025550190."
        assert request.to == HUMAN
        assert request.from_number == "+12025550100"
        assert request.variables == {"business_name": "Shop 0"}

    def test_only_one_process_at_a_time_works_on_an_account(self, account: VoiceAccount) -> None:
        with lease_of(account):
            assert Lease.acquire(VoiceAccount.objects.all(), account.pk, seconds=60) is None
            assert ticks.tick_account(account.pk, seconds=0) is None
        with lease_of(account):
            pass

    def test_whoever_lost_the_lease_claims_and_places_nothing(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN)
        provider = Recorder()
        lost = lease_of(account)
        VoiceAccount.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        with lease_of(account), pytest.raises(LeaseLost):
            place_due(provider, lost)

        assert provider.placed == []
        assert Recipient.objects.get().status == RecipientStatus.QUEUED

    @pytest.mark.parametrize(
        "halt", ["pause", "cancel", "switch off", "do not call", "do not call by hash", "stop"]
    )
    def test_pause_between_claim_and_place_places_nothing(
        self, launched: Any, account: VoiceAccount, halt: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        batch = launched(HUMAN)
        provider = Recorder()
        real_claim = claiming.claim

        def claim_then_halt(*args: Any, **kwargs: Any) -> Any:
            claims = real_claim(*args, **kwargs)
            if halt == "pause":
                lifecycle.pause(batch)
            elif halt == "cancel":
                lifecycle.cancel(batch)
            elif halt == "do not call":
                Suppression.objects.create(e164=HUMAN)
            elif halt == "do not call by hash":
                Suppression.objects.create(e164=hashed_numbers.hashes_of(HUMAN)[0])
            elif halt == "stop":
                stopping.stop(CallResult.objects.get())
            else:
                VoiceAccount.objects.update(enabled=False)
            return claims

        monkeypatch.setattr(claiming, "claim", claim_then_halt)
        with lease_of(account) as lease:
            place_due(provider, lease)

        assert provider.placed == []
        assert not CallResult.objects.exists()
        recipient = Recipient.objects.get()
        assert recipient.attempts == 0
        is_final = halt in {"cancel", "stop"}
        expected = RecipientStatus.CANCELED if is_final else RecipientStatus.QUEUED
        assert recipient.status == expected

    def test_a_stop_request_places_nothing_more(self, launched: Any, account: VoiceAccount) -> None:
        launched(HUMAN)
        provider = Recorder()
        with lease_of(account) as lease:
            place_due(provider, lease, stop=lambda: True)

        assert provider.placed == []
        assert Recipient.objects.get().status == RecipientStatus.QUEUED

    def test_batches_of_one_account_take_turns(self, launched: Any, account: VoiceAccount) -> None:
        large = launched(*(f"+120255501{n:02}" for n in range(80)))
        small = launched("+442079460190")
        with lease_of(account) as lease:
            claims = claiming.claim(lease, want=10)

        shares = Counter(one.call.batch_id for one in claims.placeable)
        assert shares[small.pk] == 1
        assert 5 <= shares[large.pk] <= 10

    def test_the_database_refuses_a_second_call_for_one_attempt(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN)
        with lease_of(account) as lease:
            place_due(Recorder(), lease)
        call = CallResult.objects.get()
        with pytest.raises(IntegrityError), transaction.atomic():
            CallResult.objects.create(
                batch=call.batch,
                recipient=call.recipient,
                account=account,
                attempt=1,
                to_number=HUMAN,
                claimed_at=timezone.now(),
            )


@pytest.mark.django_db
class TestGate:
    def test_do_not_call_is_checked_when_dialing_not_when_the_list_was_loaded(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN, OTHER)
        Suppression.objects.create(e164=HUMAN)
        provider = Recorder()
        with lease_of(account) as lease:
            place_due(provider, lease)

        assert [one.to for one in provider.placed] == [OTHER]
        refused = Recipient.objects.get(e164=HUMAN)
        assert (refused.status, refused.reason_code) == (RecipientStatus.SKIPPED, "do_not_call")
        assert CallResult.objects.get().checks["do_not_call"] == "not listed"

    @pytest.mark.usefixtures("example_hosts")
    def test_a_host_that_is_not_allowed_any_more_gets_no_data_of_a_row(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN, OTHER)
        source = {"dynamic_data": [{"url": "https://example.com/orders"}]}
        Recipient.objects.filter(e164=HUMAN).update(call_settings=source)
        AllowedHost.objects.all().delete()
        provider = Recorder()
        with lease_of(account) as lease:
            place_due(provider, lease)

        assert [one.to for one in provider.placed] == [OTHER]
        refused = Recipient.objects.get(e164=HUMAN)
        assert (refused.status, refused.reason_code) == ("skipped", "host_not_allowed")
        assert "dynamic_data[0].url: data of calls may not be sent to example.com" in refused.reason
        (why,) = [one for one in explaining.why_not(refused) if one.allows is False]
        assert why.rule == "Allowed hosts"

    def test_outside_calling_hours_the_call_waits_for_the_next_legal_time(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        # +1 202 is Washington, D.C.; 03:00 UTC on a Wednesday is 22:00 on Tuesday there.
        night = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
        with time_machine.travel(night, tick=False) as clock:
            batch = launched(HUMAN)
            hours = {str(day): [[9 * 60, 20 * 60]] for day in range(7)}
            Batch.objects.update(policy={"calling_hours": {"windows": hours, "blackout_dates": []}})
            provider = Recorder()
            with lease_of(account) as lease:
                place_due(provider, lease)
                assert provider.placed == []
                waiting = Recipient.objects.get()
                assert waiting.status == RecipientStatus.DEFERRED
                assert waiting.reason_code == "outside_calling_hours"
                assert waiting.due_at == datetime(2026, 3, 4, 14, 0, tzinfo=UTC)
                lifecycle.settle(batch, now=timezone.now())
                assert batch.status == BatchStatus.WAITING_FOR_SCHEDULED_CALLS
                clock.move_to(waiting.due_at)
                place_due(provider, lease)
        assert [one.to for one in provider.placed] == [HUMAN]
        answer = CallResult.objects.get().checks["calling_hours"]
        assert answer == "open in America/New_York (Wed 09:00; hours 09:00–20:00)"

    @pytest.mark.parametrize(
        ("hours", "opens"),
        [
            ({"start": "09:00", "end": "17:00"}, datetime(2026, 3, 4, 14, 0, tzinfo=UTC)),
            ({"start": "23:00", "end": "05:00"}, datetime(2026, 3, 4, 4, 0, tzinfo=UTC)),
        ],
    )
    def test_dispatch_hours_among_the_call_settings_are_kept_too(
        self, launched: Any, account: VoiceAccount, hours: dict[str, str], opens: datetime
    ) -> None:
        with time_machine.travel(datetime(2026, 3, 4, 3, 0, tzinfo=UTC), tick=False):
            launched(HUMAN, call_settings={"dispatch_hours": hours})
            provider = Recorder()
            with lease_of(account) as lease:
                place_due(provider, lease)

        assert provider.placed == []
        assert Recipient.objects.get().due_at == opens

    def test_what_cannot_be_told_counts_as_no_and_keeps_nobody_else_waiting(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN)
        Batch.objects.update(policy={"calling_hours": {"windows": "nonsense"}})
        launched(OTHER)
        provider = Recorder()
        with lease_of(account) as lease:
            place_due(provider, lease)

        assert [one.to for one in provider.placed] == [OTHER]
        refused = Recipient.objects.get(e164=HUMAN)
        assert (refused.status, refused.reason_code) == (RecipientStatus.SKIPPED, "cannot_tell")

    def test_a_switched_off_account_dials_nobody(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        launched(HUMAN)
        VoiceAccount.objects.update(enabled=False)
        ticks.tick_account(account.pk, seconds=0)

        assert Recipient.objects.get().status == RecipientStatus.QUEUED


@pytest.mark.django_db
class TestPacing:
    def test_no_more_calls_are_live_than_the_account_allows(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        VoiceAccount.objects.update(concurrency=3)
        launched(*(f"+120255501{n:02}" for n in range(8)))
        provider = Recorder()
        with lease_of(account) as lease:
            place_due(provider, lease)
            place_due(provider, lease)

        assert len(provider.placed) == 3

    def test_slots_keep_the_calls_per_second_whatever_asks_for_them(
        self, account: VoiceAccount
    ) -> None:
        account.cps = 5
        account.save()
        now = timezone.now()
        starts: list[datetime] = []
        for tenth in range(40):
            moment = now + timedelta(seconds=tenth / 10)
            account.refresh_from_db()
            room = pacing.room(account, [], now=moment, at_most=100).account
            for _ in range(room):
                starts.append(pacing.first_slot(account, now=moment))
                pacing.take_slot(account, starts[-1])
            account.save()

        gaps = [(b - a).total_seconds() for a, b in pairwise(starts)]
        assert min(gaps) == pytest.approx(0.2, abs=1e-5)
        assert 20 <= len(starts) <= 23

    def test_an_account_without_limit_hands_out_what_is_wanted(self, account: VoiceAccount) -> None:
        room = pacing.room(account, [], now=timezone.now(), at_most=250)
        assert room.account == 250


@pytest.mark.django_db(transaction=True)
def test_two_threads_ticking_at_once_place_each_recipient_once(
    launched: Any, account: VoiceAccount
) -> None:
    launched(*(f"+120255501{n:02}" for n in range(40)))
    barrier = threading.Barrier(2)

    def work() -> None:
        try:
            barrier.wait()
            for _ in range(5):
                ticks.tick_account(account.pk, seconds=0.2)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    attempts = Counter(CallResult.objects.values_list("recipient", flat=True))
    assert len(attempts) == 40
    assert set(attempts.values()) == {1}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="Needs row locks.")
def test_a_claim_that_waited_for_a_pause_claims_nothing(
    launched: Any, account: VoiceAccount
) -> None:
    batch = launched(HUMAN)
    found: list[Any] = []
    with lease_of(account) as lease:
        with transaction.atomic():
            Batch.objects.lock([batch.pk])

            def claim() -> None:
                found.append(claiming.claim(lease, want=10))
                connections.close_all()

            thread = threading.Thread(target=claim)
            thread.start()
            lifecycle.pause(batch)
        thread.join()

    assert found == [Claims()]
