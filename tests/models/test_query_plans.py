"""What the engine asks at every beat is answered from an index, however long the tables are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from batchcalls import tasks
from batchcalls.batches import lifecycle
from batchcalls.calling import reconcile, ticks
from batchcalls.intake import runner
from batchcalls.models import CallResult, Recipient
from batchcalls.reporting.waiting import waiting_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "sqlite", reason="PostgreSQL scans tables that are this short."
    ),
]

LARGE_TABLES = ("batchcalls_recipient", "batchcalls_callresult", "batchcalls_callevent")


def reads_too_much(step: str, sql: str) -> bool:
    """Tell whether a step reads a whole table, or all that an account or a batch ever had."""
    totals = "recipient_by_status" in step or "recipient_called" in step
    if totals and ("GROUP BY" in sql or sql.startswith("SELECT COUNT")):
        # Counted once, when a batch ends.
        return False
    if sql.startswith(("SELECT MIN", "SELECT MAX")) and "COVERING INDEX" in step:
        # SQLite looks at the first or the last entry only.
        return False
    if "WHERE" not in sql and sql.endswith('"id" DESC LIMIT 1'):
        # The newest row.
        return False
    return step.startswith("SCAN") or step.endswith(("(account_id=?)", "(batch_id=?)"))


class Plans:
    """Looks at the plan of each query, with the parameters it is sent with.

    With literals in place of parameters SQLite would find indexes that it does not find here.
    """

    def __init__(self) -> None:
        self.scans: dict[str, str] = {}
        self.looking = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not self.looking and not many and sql.startswith(("SELECT", "UPDATE", "DELETE")):
            self.looking = True
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                for *_, step in cursor.fetchall():
                    if step.split()[1] in LARGE_TABLES and reads_too_much(step, sql):
                        self.scans[step] = sql
            self.looking = False
        return execute(sql, params, many, context)


def test_no_beat_of_the_engine_reads_a_large_table_from_end_to_end(
    make_batch: Any, account: Any, settings: Any
) -> None:
    settings.CHUNK_SIZE = 5
    account.options = {"speed": 50}
    account.cps = 20
    account.save()
    batch = make_batch(*(f"+120255501{n:02}" for n in range(86, 100)), "12")
    lifecycle.submit(batch, launch=True)
    # What is asked once for each list, when all of it is in, may go through all of it.
    runner.run_batch(batch.pk, seconds=10)
    batch.refresh_from_db()
    plans = Plans()
    with connection.execute_wrapper(plans):
        assert waiting_of([batch], now=timezone.now() + timedelta(minutes=1))
        for _ in range(8):
            ticks.tick_account(account.pk, seconds=0.3)
        reconcile.abandon_stale(account, now=timezone.now())
        tasks.ring_for_lost_work()
        Recipient.objects.totals(batch.pk)
        waiting_of([batch], now=timezone.now() + timedelta(minutes=1))

    assert CallResult.objects.filter(status="completed").exists()
    assert plans.scans == {}


def test_live_calls_are_counted_without_reading_them(account: Any) -> None:
    queries: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        queries.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        CallResult.objects.filter(account=account).count_lines_held()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[0][0]}", queries[0][1])
        steps = [step for *_, step in cursor.fetchall()]
    assert "USING COVERING INDEX call_not_ended" in steps[0]
