"""Real workers, killed without warning: nobody is dialed twice, nothing is left undone."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.databases import NewDatabase
from tests.installation import Installation, wait_for

RECIPIENTS = 1_200
LEASE_SECONDS, STALE_SECONDS = 2, 3

pytestmark = pytest.mark.processes


def placed_by(here: Installation) -> list[str]:
    """The simulator's own record: the correlation id of every call that reached it."""
    lines = here.log.read_text().splitlines() if here.log.exists() else []
    calls = [json.loads(line) for line in lines if "simulator.call_placed" in line]
    return [call["correlation_id"] for call in calls]


def test_a_worker_killed_in_mid_batch_leaves_no_call_twice_and_none_undone(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    with (
        new_database(tmp_path) as url,
        Installation(
            tmp_path, url, LEASE_SECONDS=LEASE_SECONDS, STALE_CLAIM_SECONDS=STALE_SECONDS
        ) as here,
    ):
        kill_in_mid_batch(here, tmp_path)


def kill_in_mid_batch(here: Installation, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    lines = "".join(f"+1202555{100 + n:04},Shop {n}\n" for n in range(90))
    lines += "".join(f"+1415{2000000 + n},Shop {n}\n" for n in range(RECIPIENTS - 90))
    path.write_text(f"phone_number,shop\n{lines}", encoding="utf-8")
    here.ask(
        "VoiceAccount.objects.filter(pk=VoiceAccount.objects.built_in().pk)"
        ".update(options={'speed': 0, 'latency_seconds': 0.5})"
    )
    options = ["--prompt", "Call {{shop}}.", "--detach", "--json"]
    batch_id = json.loads(here.manage("sendbatch", str(path), *options))["batch_id"]

    for kill in range(3):
        before = len(placed_by(here))
        worker = here.start_worker()
        try:
            wait_for(
                lambda before=before: len(placed_by(here)) >= before + 20,
                seconds=60,
                what=f"calls go out before kill {kill + 1}",
            )
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        # Whoever comes next must wait for the lease and the claims of the dead to run out.
        time.sleep(STALE_SECONDS + 0.5)

    assert here.ask("Recipient.objects.filter(status='dialing').count()") > 0
    worker = here.start_worker()
    try:
        wait_for(
            lambda: here.ask(f"Batch.objects.get(pk='{batch_id}').is_over"),
            seconds=120,
            what="the batch is over",
        )
    finally:
        worker.terminate()
        worker.wait(timeout=60)

    placed = placed_by(here)
    assert len(placed) == len(set(placed)), "A call was placed twice."
    recipient_of = dict(
        here.ask("[[str(c), r] for c, r in CallResult.objects.values_list('call_id', 'recipient')]")
    )
    assert set(placed) <= set(recipient_of), "A call was placed of which nothing is known."
    per_recipient = Counter(recipient_of[call] for call in placed)
    assert max(per_recipient.values()) == 1, "Somebody was dialed twice."
    statuses = Counter(here.ask("list(Recipient.objects.values_list('status', flat=True))"))
    assert sum(statuses.values()) == RECIPIENTS
    assert set(statuses) <= {"done", "failed"}
    attempts = here.ask("list(CallResult.objects.values_list('attempt', flat=True))")
    assert set(attempts) == {1}
    assert here.ask(f"Batch.objects.get(pk='{batch_id}').status").startswith("completed")
