"""A hold of the release before holds had a field of their own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from batchcalls.models import VoiceAccount

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("batchcalls", "0011_stop_told")]


def test_a_hold_becomes_visible_and_a_slot_stays_a_slot() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    accounts = executor.loader.project_state(BEFORE).apps.get_model("batchcalls", "VoiceAccount")
    now = timezone.now()
    later = now + timedelta(minutes=30)
    accounts.objects.create(name="held", cps=10, next_slot_at=later)
    accounts.objects.create(name="without a rate", next_slot_at=later)
    accounts.objects.create(name="slow", cps=0.01, next_slot_at=now + timedelta(seconds=90))
    accounts.objects.create(name="idle")

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    found = {one.name: one for one in VoiceAccount.objects.all()}
    for name in ("held", "without a rate"):
        assert (found[name].held_until, found[name].next_slot_at) == (later, None)
        assert found[name].held_reason
    for name in ("slow", "idle"):
        assert not found[name].is_held(now)
    assert found["slow"].next_slot_at is not None
