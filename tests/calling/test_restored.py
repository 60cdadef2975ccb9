"""After a restore, calls that the database forgot are found at the provider."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from batchcalls import tasks
from batchcalls.batches import epochs, halts, lifecycle
from batchcalls.calling import claiming, restored, restored_rows
from batchcalls.models import Batch, CallResult, EmergencyStop, Recipient, VoiceAccount
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus
from tests.calling.placing import HUMAN, OTHER, lease_of, place_due
from tests.installation import BEYOND_FLOOR
from tests.voice.bland_account import request_to
from tests.voice.carrier.process import Carrier

pytestmark = pytest.mark.django_db

S = RecipientStatus
QUICK = {"absent_after_seconds": 0, "connect_timeout_seconds": 0.5, "read_timeout_seconds": 1}


@pytest.fixture
def bland(carrier: Carrier, settings: Any) -> VoiceAccount:
    settings.DEFAULT_CALLING_HOURS = ["00:00", "24:00"]
    carrier.control(speed=0)
    return VoiceAccount.objects.create(
        name="carrier", provider="bland", options=QUICK, **BEYOND_FLOOR
    )


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada")


def call_and_forget(account: VoiceAccount) -> None:
    """Place what is due, and make the rows as they were in a backup from before."""
    with lease_of(account) as lease:
        place_due(account.voice_provider(), lease)
    CallResult.objects.all().delete()
    Recipient.objects.update(status=S.QUEUED, attempts=0, called=False, due_at=timezone.now())


def stopped(*, minutes_ago: float = 5) -> EmergencyStop:
    """Stop as after a restore; the restore was noticed some minutes ago."""
    stop = epochs.declare_restored(since=timezone.now() - timedelta(hours=1))
    EmergencyStop.objects.update(stopped_at=F("stopped_at") - timedelta(minutes=minutes_ago))
    stop.refresh_from_db()
    return stop


def resume(account: VoiceAccount) -> None:
    halts.lift(None, EmergencyStop.objects.get())
    tasks.dispatch_tick(account.pk)


def statuses() -> dict[str, str]:
    return dict(Recipient.objects.values_list("e164", "status"))


def test_a_forgotten_call_is_stored_anew_with_its_result_and_nobody_is_called_twice(
    bland: VoiceAccount, launched: Any, carrier: Carrier
) -> None:
    batch = launched(HUMAN, account=bland)
    call_and_forget(bland)
    outcomes = restored.reconcile(stopped())
    assert [one.done for one in outcomes] == [True]
    assert "found at the provider: 1." in outcomes[0].text
    assert "provider: 0." in restored.reconcile(EmergencyStop.objects.get())[0].text

    resume(bland)
    call, row = CallResult.objects.get(), Recipient.objects.get()
    assert (call.status, row.status, row.attempts) == (CallStatus.COMPLETED, S.DONE, 1)
    assert str(call.call_id) == carrier.ledger()[0]["correlation_id"]
    assert carrier.live()["requests"] == 1
    batch.refresh_from_db()
    assert batch.status == BatchStatus.COMPLETED
    assert batch.events.filter(code="restored").exists()


def test_an_attempt_without_an_answer_in_the_backup_is_attached(
    bland: VoiceAccount, launched: Any, carrier: Carrier
) -> None:
    launched(HUMAN, account=bland)
    with lease_of(bland) as lease:
        place_due(bland.voice_provider(), lease)
    provider_id = CallResult.objects.get().provider_call_id
    CallResult.objects.update(provider_call_id=None, placed_at=None, next_check_at=None)
    Recipient.objects.update(status=S.DIALING)
    restored.reconcile(stopped())
    assert CallResult.objects.get().provider_call_id == provider_id
    resume(bland)
    assert statuses() == {HUMAN: S.DONE}
    assert carrier.live()["requests"] == 1


def test_an_attempt_that_was_placed_anew_since_the_backup_is_not_placed_a_third_time(
    bland: VoiceAccount, launched: Any, carrier: Carrier
) -> None:
    batch = launched(HUMAN, account=bland)
    with lease_of(bland) as lease:
        assert len(claiming.claim(lease, want=1).placeable) == 1
    placed = bland.voice_provider().place(request_to(HUMAN, batch_id=batch.pk))
    restored.reconcile(stopped())
    call = CallResult.objects.get()
    assert (call.attempt, call.provider_call_id) == (1, placed.provider_call_id)
    resume(bland)
    assert statuses() == {HUMAN: S.DONE}
    assert carrier.live()["requests"] == 1


def test_a_call_of_an_earlier_version_leaves_its_number_unconfirmed(
    bland: VoiceAccount, launched: Any
) -> None:
    launched(HUMAN, OTHER, account=bland)
    placed = bland.voice_provider().place(request_to(HUMAN))
    restored.reconcile(stopped())
    assert statuses() == {HUMAN: S.UNCONFIRMED, OTHER: S.QUEUED}
    assert placed.provider_call_id in Recipient.objects.get(e164=HUMAN).reason


def test_other_peoples_calls_and_forgotten_batches_change_nothing(
    bland: VoiceAccount, launched: Any
) -> None:
    launched(HUMAN, account=bland)
    provider = bland.voice_provider()
    provider.place(request_to(OTHER))
    provider.place(request_to(HUMAN, batch_id=uuid4()))
    assert restored.reconcile(stopped())[0].done
    assert statuses() == {HUMAN: S.QUEUED}


def test_a_list_that_may_lack_the_newest_calls_is_asked_again(
    bland: VoiceAccount, launched: Any
) -> None:
    launched(HUMAN, account=bland)
    call_and_forget(bland)
    outcomes = restored.reconcile(stopped(minutes_ago=0))
    assert [one.done for one in outcomes] == [False]
    assert "newest calls" in outcomes[0].text
    assert EmergencyStop.objects.get().must_reconcile


def test_a_provider_that_fails_is_asked_again_and_can_be_given_up(
    bland: VoiceAccount, launched: Any, carrier: Carrier
) -> None:
    launched(HUMAN, account=bland)
    call_and_forget(bland)
    stop = stopped()
    for route in ("list", "details"):
        carrier.control(answers={route: {"status": 500}})
        assert not restored.reconcile(stop)[0].done
        assert EmergencyStop.objects.get().must_reconcile
        assert statuses() == {HUMAN: S.QUEUED}
    carrier.control(answers={"list": {"status": 500}})
    assert restored.reconcile(stop, give_up=True)[0].done
    assert statuses() == {HUMAN: S.UNCONFIRMED}


class TestProviderThatCannotList:
    def test_whoever_waited_is_unconfirmed_and_is_not_called(
        self, launched: Any, account: VoiceAccount
    ) -> None:
        batch = launched(HUMAN, OTHER)
        restored.reconcile(stopped())
        assert set(statuses().values()) == {S.UNCONFIRMED}
        resume(account)
        assert not CallResult.objects.exists()
        batch.refresh_from_db()
        assert batch.status == BatchStatus.COMPLETED_PARTIAL

    @pytest.mark.parametrize("lifted_first", [False, True])
    def test_those_who_were_not_called_are_called_once_a_person_says_so(
        self, launched: Any, account: VoiceAccount, ada: User, run: Any, lifted_first: bool
    ) -> None:
        batch = launched(HUMAN, OTHER)
        restored.reconcile(stopped())
        if lifted_first:
            resume(account)
        assert restored_rows.settle(batch, called=False, actor=ada) == 2
        if not lifted_first:
            resume(account)
        run(batch, launch=False)
        assert CallResult.objects.count() == 2
        assert set(statuses().values()) == {S.DONE}

    def test_those_who_were_called_are_never_called_again(
        self, launched: Any, account: VoiceAccount, ada: User
    ) -> None:
        batch = launched(HUMAN, OTHER)
        restored.reconcile(stopped())
        assert restored_rows.batches_in_doubt() == [(batch, 2)]
        assert restored_rows.settle(batch, called=True, actor=ada) == 2
        resume(account)
        assert not CallResult.objects.exists()
        assert Recipient.objects.filter(called=True, reason_code="result_unknown").count() == 2
        assert "ada says" in batch.events.get(code="restored_settled").message

    def test_start_times_and_chunks_are_kept(
        self, make_batch: Any, launched: Any, ada: User
    ) -> None:
        batch = launched(HUMAN, OTHER)
        late = timezone.now() + timedelta(days=1)
        Recipient.objects.filter(e164=OTHER).update(start_at=late)
        restored.reconcile(stopped())
        restored_rows.settle(batch, called=False, actor=ada)
        assert Recipient.objects.get(e164=OTHER).due_at == late
        restored.reconcile(EmergencyStop.objects.get())
        assert statuses() == {HUMAN: S.QUEUED, OTHER: S.DEFERRED}, "What was settled stays settled."
        batch.events.all().delete()
        restored.reconcile(EmergencyStop.objects.get())
        Batch.objects.update(queued_through=2)
        restored_rows.settle(batch, called=False, actor=ada)
        assert statuses() == {HUMAN: S.QUEUED, OTHER: S.PENDING}

    def test_a_canceled_batch_calls_nobody_again(self, launched: Any, ada: User) -> None:
        batch = launched(HUMAN)
        restored.reconcile(stopped())
        lifecycle.cancel(batch)
        with pytest.raises(restored_rows.CannotSettle, match="Canceled"):
            restored_rows.settle(batch, called=False, actor=ada)


def test_calls_of_a_batch_that_is_lost_are_counted(
    bland: VoiceAccount, launched: Any, carrier: Carrier
) -> None:
    launched(HUMAN, account=bland)
    bland.voice_provider().place(request_to(OTHER, batch_id=uuid4()))
    [outcome] = restored.reconcile(stopped())
    assert outcome.done
    assert "Calls to numbers in no batch here: 1." in outcome.text
