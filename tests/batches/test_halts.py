"""While all calling is stopped nobody is dialed, and nothing is lost."""

from __future__ import annotations

import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from batchcalls import queue, tasks
from batchcalls.batches import halts, lifecycle
from batchcalls.batches.halts import HaltConflict
from batchcalls.calling import claiming, ticks
from batchcalls.calling.claiming import Claims
from batchcalls.models import BatchEvent, CallResult, EmergencyStop, Recipient, VoiceAccount
from batchcalls.states import BatchStatus, CallStatus, RecipientStatus
from tests.calling.placing import HUMAN, OTHER, Recorder, lease_of, place_due

WHY = "The prompt names the wrong company."


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Collect what workers are asked for."""
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(queue, "ring", lambda *what: calls.append(what))
    return calls


@pytest.mark.django_db
class TestNobodyIsDialed:
    def test_while_stopped_nothing_is_claimed(
        self, launched: Any, account: VoiceAccount, ada: User
    ) -> None:
        launched(HUMAN)
        halts.engage(ada, WHY)
        with lease_of(account) as lease:
            assert claiming.claim(lease, want=10) == Claims()
        assert Recipient.objects.get().status == RecipientStatus.QUEUED

    def test_a_stop_between_claim_and_place_places_nothing_and_queues_again(
        self, launched: Any, account: VoiceAccount, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        launched(HUMAN, OTHER)
        provider = Recorder()
        real_claim = claiming.claim

        def claim_then_stop(*args: Any, **kwargs: Any) -> Any:
            claims = real_claim(*args, **kwargs)
            if claims.placeable:
                halts.engage(ada, WHY)
            return claims

        monkeypatch.setattr(claiming, "claim", claim_then_stop)
        with lease_of(account) as lease:
            place_due(provider, lease)

        assert provider.placed == []
        assert not CallResult.objects.exists()
        rows = Recipient.objects.values_list("status", "attempts", "reason_code")
        assert set(rows) == {(RecipientStatus.QUEUED, 0, "halted")}

    def test_batches_keep_their_status_and_their_logs_say_who_stopped_them_and_why(
        self, launched: Any, make_batch: Any, account: VoiceAccount, ada: User
    ) -> None:
        batch, draft = launched(HUMAN), make_batch(OTHER)
        halts.engage(ada, WHY)
        ticks.tick_account(account.pk, seconds=1)
        batch.refresh_from_db()
        assert batch.status == BatchStatus.DISPATCHING
        event = batch.events.last()
        assert (event.actor, event.code) == (ada, "emergency_stop")
        assert WHY in event.message
        assert not draft.events.filter(code="emergency_stop").exists()

    def test_a_tick_ends_at_once_and_does_not_ring_again(
        self, launched: Any, account: VoiceAccount, ada: User, rung: list[tuple[Any, ...]]
    ) -> None:
        launched(HUMAN)
        rung.clear()
        halts.engage(ada, WHY)
        assert ticks.tick_account(account.pk, seconds=20) is None
        tasks.dispatch_tick(account.pk)
        tasks.ring_for_lost_work()
        assert rung == []

    def test_live_calls_are_followed_to_their_end(
        self, launched: Any, account: VoiceAccount, ada: User
    ) -> None:
        account.concurrency = 1
        account.save()
        batch = launched(HUMAN, OTHER)
        ticks.tick_account(account.pk, seconds=0)
        assert CallResult.objects.count() == 1
        halts.engage(ada, WHY)
        ticks.tick_account(account.pk, seconds=5)
        assert CallResult.objects.get().status == CallStatus.COMPLETED
        assert sorted(Recipient.objects.values_list("status", flat=True)) == ["done", "queued"]
        batch.refresh_from_db()
        assert not batch.is_over

    def test_a_batch_that_is_launched_meanwhile_waits(
        self, make_batch: Any, account: VoiceAccount, ada: User
    ) -> None:
        halts.engage(ada, WHY)
        batch = make_batch(HUMAN)
        lifecycle.submit(batch, launch=True)
        for _ in range(3):
            batch.refresh_from_db()
            tasks.step(batch, seconds=1)
        batch.refresh_from_db()
        assert batch.status == BatchStatus.DISPATCHING
        assert not CallResult.objects.exists()


@pytest.mark.django_db
class TestGoingOn:
    def test_after_it_is_lifted_everybody_is_called_once(
        self, launched: Any, account: VoiceAccount, ada: User, run: Any
    ) -> None:
        batch = launched(HUMAN, OTHER)
        stop = halts.engage(ada, WHY)
        ticks.tick_account(account.pk, seconds=1)
        halts.lift(ada, stop)
        assert run(batch, launch=False).status == BatchStatus.COMPLETED
        assert Recipient.objects.filter(attempts=1).count() == 2
        assert batch.events.filter(code="emergency_lifted", actor=ada).exists()

    def test_each_account_with_calling_batches_is_rung_for_once(
        self, launched: Any, make_batch: Any, ada: User, rung: list[tuple[Any, ...]]
    ) -> None:
        other = VoiceAccount.objects.create(name="other")
        idle = VoiceAccount.objects.create(name="idle")
        first, _, third = launched(HUMAN), launched(OTHER), launched(HUMAN, account=other)
        make_batch(HUMAN, account=idle)
        stop = halts.engage(ada, WHY)
        rung.clear()
        halts.lift(ada, stop)
        assert sorted(rung) == sorted(
            (queue.DISPATCH_TICK, batch.account_id) for batch in (first, third)
        )

    def test_the_record_says_who_stopped_and_who_lifted(self, ada: User) -> None:
        bo = User.objects.create_user("bo")
        halts.lift(bo, halts.engage(ada, f"  {WHY} "))
        stop = EmergencyStop.objects.get()
        assert (stop.stopped_by, stop.lifted_by, stop.reason) == (ada, bo, WHY)
        assert stop.lifted_at is not None
        halts.engage(bo, "Once more.")
        assert EmergencyStop.objects.count() == 2


@pytest.mark.django_db
class TestConflicts:
    def test_who_comes_second_is_told_and_changes_nothing(self, launched: Any, ada: User) -> None:
        launched(HUMAN)
        halts.engage(ada, WHY)
        with pytest.raises(HaltConflict, match="already stopped"):
            halts.engage(None, "Another reason.")
        assert EmergencyStop.objects.get().reason == WHY
        assert BatchEvent.objects.filter(code="emergency_stop").count() == 1

    def test_a_stop_is_lifted_once_and_no_other_with_it(self, ada: User) -> None:
        first = halts.engage(ada, WHY)
        halts.lift(ada, first)
        halts.engage(ada, "Something worse.")
        with pytest.raises(HaltConflict, match="already been lifted"):
            halts.lift(None, first)
        assert EmergencyStop.objects.in_force().get().reason == "Something worse."

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
    def test_a_reason_is_asked_for(self, ada: User, reason: str) -> None:
        with pytest.raises(ValueError, match=r"reason|300"):
            halts.engage(ada, reason)
        assert not EmergencyStop.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_people_who_stop_at_the_same_moment_one_does_and_the_others_are_told(ada: User) -> None:
    barrier = threading.Barrier(4)
    told: list[str] = []

    def stop(number: int) -> None:
        try:
            barrier.wait()
            halts.engage(ada, f"Reason {number}.")
            told.append("stopped")
        except HaltConflict as error:
            told.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=stop, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [*["All calling is already stopped."] * 3, "stopped"]
    assert EmergencyStop.objects.in_force().count() == 1


@pytest.mark.django_db
class TestOtherDoors:
    def test_monitors_are_told_and_are_not_alarmed(
        self, client: Client, launched: Any, ada: User
    ) -> None:
        launched(HUMAN)
        tasks.sweep()
        halts.engage(ada, WHY)
        answer = client.get("/readyz")
        check = answer.json()["checks"]["emergency_stop"]
        assert (answer.status_code, check["ok"]) == (200, True)
        assert "All calling is stopped" in check["detail"]
        assert WHY not in answer.content.decode()

    def test_sendbatch_says_why_nobody_is_called(self, tmp_path: Path, ada: User) -> None:
        halts.engage(ada, WHY)
        path, err = tmp_path / "list.csv", StringIO()
        path.write_text(f"phone_number\n{HUMAN}\n")
        call_command("sendbatch", str(path), prompt="Hello.", detach=True, stderr=err)
        assert "All calling is stopped; the batch waits" in err.getvalue()

    def test_the_command_line_stops_and_lifts(self) -> None:
        out = StringIO()
        call_command("stopcalls", reason=WHY, stdout=out)
        assert EmergencyStop.objects.in_force().get().reason == WHY
        with pytest.raises(CommandError, match="already stopped"):
            call_command("stopcalls", reason=WHY)
        call_command("stopcalls", lift=True, stdout=out)
        assert not EmergencyStop.objects.in_force().exists()
        assert out.getvalue() == (
            "All calling is stopped. Live calls that continue: 0.\nCalling resumed.\n"
        )
        with pytest.raises(CommandError, match="not stopped"):
            call_command("stopcalls", lift=True)
