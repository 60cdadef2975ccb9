"""A stop from before epochs is an ordinary stop, and the upgraded database raises no alarm."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from batchcalls import tasks
from batchcalls.batches import halts
from batchcalls.models import EmergencyStop

BEFORE = [("batchcalls", "0011_stop_told")]


@pytest.mark.django_db(transaction=True)
def test_a_stop_from_before_is_lifted_as_ever_and_raises_no_alarm() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    old = executor.loader.project_state(BEFORE).apps.get_model("batchcalls", "EmergencyStop")
    old.objects.create(reason="Wrong list.")
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())

    tasks.sweep()
    stop = EmergencyStop.objects.in_force().get()
    assert (stop.reason, stop.restored_from, stop.must_reconcile) == ("Wrong list.", None, False)
    halts.lift(None, stop)
    assert not EmergencyStop.objects.in_force().exists()
