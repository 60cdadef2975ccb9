"""The page after a restore from a backup."""

from __future__ import annotations

from typing import Any

import pytest

from batchcalls import tasks
from batchcalls.batches import epochs
from batchcalls.models import AuditEntry, EmergencyStop, Recipient
from tests.admin.test_emergency_pages import LIFT, manager, viewer, words
from tests.calling.placing import HUMAN

__all__ = ["manager", "viewer"]

pytestmark = pytest.mark.django_db

PAGE = "/restored/"


def test_every_page_says_that_the_database_was_restored(manager: Any, viewer: Any) -> None:
    epochs.declare_restored()
    for _, client in (manager, viewer):
        assert "The database was restored from a backup." in words(client.get("/"))
    assert f'href="{PAGE}"' in manager[1].get("/").content.decode()
    assert f'href="{PAGE}"' not in viewer[1].get("/").content.decode()
    assert viewer[1].get(PAGE).status_code == 403


def test_a_person_reconciles_settles_and_resumes(manager: Any, launched: Any) -> None:
    _, client = manager
    batch = launched(HUMAN)
    epochs.declare_restored()
    page = client.post(PAGE, {"action": "reconcile"}, follow=True)
    assert "The providers are being asked." in words(page)
    tasks.reconcile_restored()
    page = client.get(PAGE)
    assert "Simulator (no real calls) cannot list its calls. Unconfirmed recipients: 1." in words(
        page
    )
    assert "You can resume calling." in words(page)
    assert batch.name in words(page)
    settled = {"batch": batch.pk, "called": "yes"}
    page = client.post(f"{PAGE}settle/", settled, follow=True)
    assert "Settled" in words(page)
    assert Recipient.objects.get().reason_code == "result_unknown"
    entries = AuditEntry.objects.filter(actor_name__gt="").values_list("action", "kind", "count")
    assert entries.first() == ("settled", "batchcalls.batch", 1)
    client.post(LIFT, {"stop": EmergencyStop.objects.get().pk})
    assert not EmergencyStop.objects.in_force().exists()


def test_resuming_without_asking_the_providers_needs_a_tick(manager: Any) -> None:
    _, client = manager
    stop = epochs.declare_restored()
    assert "Resume although people may be called twice" in words(client.get(LIFT))
    page = client.post(LIFT, {"stop": stop.pk}, follow=True)
    assert "Reconcile it with the providers first" in words(page)
    assert EmergencyStop.objects.in_force().exists()
    client.post(LIFT, {"stop": stop.pk, "unreconciled": "on"})
    assert not EmergencyStop.objects.in_force().exists()


def test_calling_unconfirmed_recipients_again_asks_first(manager: Any, launched: Any) -> None:
    _, client = manager
    batch = launched(HUMAN)
    epochs.declare_restored()
    tasks.reconcile_restored()
    page = client.post(PAGE, {"action": "reconcile"}, follow=True)
    tasks.reconcile_restored()
    answer = {"batch": batch.pk, "called": "no"}
    page = client.post(f"{PAGE}settle/", answer)
    assert "1 unconfirmed recipient" in words(page)
    assert Recipient.objects.get().status == "unconfirmed"
    page = client.post(f"{PAGE}settle/", {**answer, "confirmed": "on"}, follow=True)
    assert "is called again" in words(page)
    assert Recipient.objects.get().status == "queued"


def test_a_person_can_say_that_the_database_was_restored(manager: Any) -> None:
    user, client = manager
    page = client.post(PAGE, {"action": "declare"}, follow=True)
    assert "All calling is stopped." in words(page)
    assert EmergencyStop.objects.restored().get().stopped_by == user


def test_a_page_left_open_asks_no_provider_after_resuming(manager: Any) -> None:
    _, client = manager
    page = client.post(PAGE, {"action": "reconcile"}, follow=True)
    assert "There is nothing left to ask." in words(page)


def test_getting_the_page_changes_nothing(manager: Any) -> None:
    _, client = manager
    assert client.get(PAGE).status_code == 200
    assert not EmergencyStop.objects.exists()
