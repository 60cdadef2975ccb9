"""An upgrade in the order of config/deploy/README.md interrupts nobody and calls nobody twice.

The next release adds a column to the table of calls. While a batch is calling and people open
pages, old code runs on the new schema and new code on the old one, each beside the other.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.attacks import Site, prepare
from tests.databases import NewDatabase
from tests.deployment import Deployment, deployed, need_nginx
from tests.installation import ROOT, Installation, wait_for

pytestmark = pytest.mark.processes

#: Slow enough that people are still being called at the end of the upgrade; then it is lifted.
CALLS_PER_SECOND = 2
ROWS = 500
MISSING = "added_later does not exist"
MIGRATION = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("batchcalls", "{leaf}")]
    operations = [
        migrations.AddField("callresult", "added_later", models.TextField(db_default="")),
    ]
"""


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """A copy of the code with another column and its migration."""
    release = tmp_path / "next"
    for name in ("batchcalls", "campaigns", "config"):
        # With the compiled files, which stay valid because the times of the sources are kept.
        shutil.copytree(ROOT / name, release / name)
    for name in ("templates", "static", "manage.py"):
        (release / name).symlink_to(ROOT / name)
    (release / "manage.py").unlink()
    shutil.copy(ROOT / "manage.py", release)
    model = release / "batchcalls" / "models" / "call_result.py"
    others, of_calls, rest = model.read_text("utf-8").partition("\nclass CallResult(")
    before, meta, after = rest.partition("    class Meta:\n")
    column = '    added_later = models.TextField(db_default="")\n\n'
    model.write_text(f"{others}{of_calls}{before}{column}{meta}{after}")
    migrations = release / "batchcalls" / "migrations"
    leaf = max(path.stem for path in migrations.glob("0*.py"))
    (migrations / "9999_added_later.py").write_text(MIGRATION.format(leaf=leaf))
    return release


def manage(here: Installation, release: Path, *command: str) -> int:
    """Run a command of a release; return its exit status."""
    environment = {**here.environment, "PGOPTIONS": "-c lock_timeout=5s"}
    ran = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=release, env=environment, check=False
    )
    return ran.returncode


@contextmanager
def visitors(site: Site) -> Iterator[Counter[int]]:
    """Export the call log all the time; count the statuses of the answers."""
    answers: Counter[int] = Counter()
    over = threading.Event()

    def visit() -> None:
        page = site.head("GET", "/batchcalls/callresult/export.csv", "Connection: close")
        while not over.wait(1):
            answers[site.ask(page)[0]] += 1

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield answers
    finally:
        over.set()
        visitor.join()


def placed(here: Installation) -> int:
    return int(here.ask("CallResult.objects.count()"))


def calls_go_on(here: Installation) -> None:
    before = placed(here)
    wait_for(lambda: placed(here) >= before + 4, seconds=90, what="more people are called")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process as systemd does (KillMode=mixed)."""
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(100) == 0


def upgrade(
    deployment: Deployment, release: Path, first: dict[str, subprocess.Popen[bytes]]
) -> None:
    here = deployment.here
    # A new worker that comes too early, past the check of its unit, does nothing and harms nothing.
    new_worker = here.start_worker(release=release)
    wait_for(lambda: MISSING in here.log.read_text(), seconds=90, what="the new worker tries")
    assert manage(here, release, "migrate", "--check") == 1
    calls_go_on(here)

    assert manage(here, release, "migrate", "--verbosity=0") == 0
    calls_go_on(here)

    deployment.start_service("pages-next", release=release)
    deployment.wait_for_service("pages-next")
    end(first["pages"])
    deployment.start_service("pages", release=release)
    deployment.wait_for_service("pages")
    end(first["worker"])
    assert new_worker.poll() is None
    calls_go_on(here)


def test_an_upgrade_interrupts_nobody(
    tmp_path: Path, new_database: NewDatabase, next_release: Path
) -> None:
    need_nginx()
    with new_database(tmp_path) as url:
        if not url.startswith("postgres"):
            pytest.skip("The deployment runs on PostgreSQL: tests/with-postgres pytest …")
        environment = {"WORKERS": 1, "LEASE_SECONDS": 5}
        with deployed(tmp_path, url, processes=1, services=(), **environment) as deployment:
            here = deployment.here
            site = Site(deployment.port, prepare(here, megabytes=0), deployment.context())
            first = {"pages": deployment.start_service("pages"), "worker": here.start_worker()}
            deployment.wait_for_service("pages")
            here.act(
                "account = VoiceAccount.objects.built_in()",
                f"account.cps, account.options = {CALLS_PER_SECOND}, {{'speed': 0}}",
                "account.save()",
            )
            batch = here.make_batch(ROWS)
            calls_go_on(here)
            with visitors(site) as answers:
                upgrade(deployment, next_release, first)
            assert not here.is_over(batch)
            here.act("VoiceAccount.objects.update(cps=None)")
            wait_for(lambda: here.is_over(batch), seconds=90, what="the batch is over")

            attempts = Counter(
                here.ask("list(CallResult.objects.values_list('recipient', flat=True))")
            )
            statuses = here.ask("list(Recipient.objects.values_list('status', flat=True))")
    assert set(answers) == {200}
    assert len(attempts) == ROWS
    assert set(attempts.values()) == {1}
    assert "unconfirmed" not in statuses
