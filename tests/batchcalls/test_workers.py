"""Real workers, killed without warning: nobody is dialled twice, nothing is left undone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
RECIPIENTS = 1_200
LEASE_SECONDS, STALE_SECONDS = 2, 3

pytestmark = pytest.mark.processes


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """A database of its own for the processes, of the kind that the suite runs on."""
    database = settings.DATABASES["default"]
    if database["ENGINE"] != "django.db.backends.postgresql":
        yield f"sqlite:///{tmp_path / 'workers.sqlite3'}"
        return
    server = f"host={database['HOST']} port={database['PORT']} user={database['USER']}"
    with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS workers WITH (FORCE)")
        connection.execute("CREATE DATABASE workers")
        yield f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/workers"
        connection.execute("DROP DATABASE workers WITH (FORCE)")


class Installation:
    """An installation in a folder, whose commands and workers are processes."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.log = folder / "worker.log"
        self.environment = {
            **os.environ,
            "DATA_DIR": str(folder),
            "DATABASE_URL": database_url,
            "DEBUG": "false",
            "LOG_LEVEL": "INFO",
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "STALE_CLAIM_SECONDS": str(STALE_SECONDS),
        }
        self.manage("migrate", "--verbosity=0")

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=self.environment,
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def ask(self, expression: str) -> Any:
        """Evaluate an expression over the models in the installation."""
        code = f"import json; from batchcalls.models import *; print(json.dumps({expression}))"
        return json.loads(self.manage("shell", "--no-imports", "-c", code))

    def start_worker(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", "qcluster"],
                env=self.environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def placed(self) -> list[str]:
        """The carrier's own record: the correlation id of every call that reached it."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        calls = [json.loads(line) for line in lines if "simulator.call_placed" in line]
        return [call["correlation_id"] for call in calls]


def wait_for(condition: Any, *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Waited {seconds} s in vain until {what}."
        time.sleep(0.1)


def test_a_worker_killed_in_mid_batch_leaves_no_call_twice_and_none_undone(
    tmp_path: Path, database_url: str
) -> None:
    here = Installation(tmp_path, database_url)
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
        before = len(here.placed())
        worker = here.start_worker()
        try:
            wait_for(
                lambda before=before: len(here.placed()) >= before + 20,
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
        try:
            worker.wait(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)

    placed = here.placed()
    assert len(placed) == len(set(placed)), "A call was placed twice."
    recipient_of = dict(
        here.ask("[[str(c), r] for c, r in CallResult.objects.values_list('call_id', 'recipient')]")
    )
    assert set(placed) <= set(recipient_of), "A call was placed of which nothing is known."
    per_recipient = Counter(recipient_of[call] for call in placed)
    assert max(per_recipient.values()) == 1, "Somebody was dialled twice."
    statuses = Counter(here.ask("list(Recipient.objects.values_list('status', flat=True))"))
    assert sum(statuses.values()) == RECIPIENTS
    assert set(statuses) <= {"done", "failed"}
    attempts = here.ask("list(CallResult.objects.values_list('attempt', flat=True))")
    assert set(attempts) == {1}
    assert here.ask(f"Batch.objects.get(pk='{batch_id}').status").startswith("completed")
