"""A database restored from a backup calls nobody by itself, and nobody twice."""

from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.databases import NewDatabase
from tests.installation import ROOT, Installation, carrier_environment, wait_for
from tests.voice.carrier.process import Carrier

#: Timeouts of the account that suit a short test.
OPTIONS = {
    "silence_seconds": 1,
    "absent_after_seconds": 1,
    "connect_timeout_seconds": 0.5,
    "read_timeout_seconds": 1,
}
#: How long the restored installation is watched. Without the guard it dials within 3 seconds.
WATCHED_SECONDS = 6


def guide(row: str, *, url: str) -> str:
    """Return a command of the guide, for this database."""
    text = (ROOT / "config" / "README.md").read_text("utf-8")
    cells = re.search(rf"^\| {row} \| `(.+)` \| `(.+)` \|$", text, re.MULTILINE)
    assert cells is not None
    if not url.startswith("sqlite"):
        return cells[2]
    return cells[1].replace("var/batchcalls.sqlite3", url.removeprefix("sqlite:///"))


def follow_guide(row: str, here: Installation, url: str) -> None:
    command = ["bash", "-euc", guide(row, url=url)]
    subprocess.run(command, check=True, cwd=here.folder, env=here.environment)


def dialed(carrier: Carrier) -> Counter[str]:
    return Counter(row["to"] for row in carrier.ledger() if row["call_id"])


@pytest.mark.processes
def test_a_backup_restored_in_mid_batch_calls_nobody_by_itself_and_nobody_twice(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    with new_database(tmp_path) as url:
        restore_in_mid_batch(tmp_path, url, recipients=200, cps=40)


def restore_in_mid_batch(folder: Path, url: str, *, recipients: int, cps: int) -> None:
    """Back up after a fifth of the calls, restore after half; also run by the benchmarks."""
    with (
        Carrier() as carrier,
        Installation(
            folder,
            url,
            **carrier_environment(carrier),
            LEASE_SECONDS=1,
            STALE_CLAIM_SECONDS=2,
            WORKERS=1,
        ) as here,
    ):
        carrier.control(talk_seconds=[0.1, 0.2])
        here.make_account(
            "carrier", provider="bland", cps=cps, concurrency=3 * cps, options=OPTIONS
        )
        batch = here.make_batch(recipients, "--account", "carrier")
        worker = here.start_worker()

        def call(requests: int) -> None:
            wait_for(
                lambda: carrier.live()["requests"] >= requests, seconds=120, what="calls go out"
            )

        call(recipients // 5)
        follow_guide("back up", here, url)
        known = carrier.live()["requests"]
        call(known + recipients * 3 // 10)
        here.kill(worker)
        here.close_console()
        time.sleep(0.5)  # What was sent arrives.
        before = dialed(carrier)
        assert len(before) < recipients
        follow_guide("restore", here, url)

        here.start_worker()
        time.sleep(WATCHED_SECONDS)
        unasked = dialed(carrier) - before
        again = sum(number in before for number in unasked)
        assert not unasked, f"{len(unasked)} were dialed unasked, {again} of them again."
        wait_for(
            lambda: here.ask("EmergencyStop.objects.restored().count()") == 1,
            seconds=60,
            what="the restore is noticed",
        )

        wait_for(lambda: reconciled(here), seconds=30, what="the provider's list is complete")
        assert here.ask("CallResult.objects.exclude(provider_call_id=None).count()") == len(before)
        assert dialed(carrier) == before
        here.manage("stopcalls", "--lift")
        wait_for(lambda: here.is_over(batch), seconds=120, what="the batch is over")

        after = dialed(carrier)
        assert (len(after), set(after.values())) == (recipients, {1})
        assert here.ask("CallResult.objects.filter(status='completed').count()") == recipients
        assert here.ask(f"Batch.objects.get(pk='{batch}').status") == "completed"


def reconciled(here: Installation) -> bool:
    try:
        here.manage("restored")
    except AssertionError:
        return False
    return True
