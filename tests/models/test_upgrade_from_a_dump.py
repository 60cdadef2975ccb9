"""A database that an earlier version left in mid-work migrates, and the work continues."""

from __future__ import annotations

import gzip
import http.cookiejar
import json
import re
import shutil
import sqlite3
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.data.upgrade.make import FOLDER
from tests.databases import NewDatabase
from tests.installation import Installation, free_port, wait_for

pytestmark = pytest.mark.processes

BEING_CALLED = {"initializing", "validating", "dispatching", "in_progress"}
VERSIONS = sorted(path.name.removesuffix(".sqlite.json") for path in FOLDER.glob("*.sqlite.json"))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_an_earlier_version_keeps_its_rows_and_its_batches_continue(
    version: str, tmp_path: Path, new_database: NewDatabase
) -> None:
    with new_database(tmp_path, template=None) as url:
        known = restore(version, url, tmp_path)
        with Installation(tmp_path, url, LEASE_SECONDS=2, STALE_CLAIM_SECONDS=3) as here:
            nothing_is_lost(here, known)
            people_and_programs_come_in(here, known)
            the_work_continues(here, known)


def restore(version: str, url: str, folder: Path) -> dict[str, Any]:
    """Fill an empty database and the media folder; return what must still be known."""
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    dump = gzip.decompress((FOLDER / f"{version}.{kind}.sql.gz").read_bytes()).decode()
    if kind == "sqlite":
        with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
            database.executescript(dump)
    else:
        with psycopg.connect(url) as server:
            server.execute(dump.encode())
    shutil.unpack_archive(FOLDER / f"{version}.{kind}.media.zip", folder)
    known: dict[str, Any] = json.loads((FOLDER / f"{version}.{kind}.json").read_text("utf-8"))
    return known


def nothing_is_lost(here: Installation, known: dict[str, Any]) -> None:
    models = ", ".join(known["rows"])
    counts = here.ask(f"{{m.__name__: m.objects.count() for m in ({models},)}}")
    assert counts == known["rows"]
    assert here.ask("{str(b.pk): b.status for b in Batch.objects.all()}") == known["statuses"]
    calls = here.ask(
        "[[str(c.call_id), c.status, c.provider_call_id] for c in CallResult.objects.all()]"
    )
    assert calls == known["calls"]
    # Whoever could set what calls cost still can.
    groups = "Batch._meta.apps.get_model('auth', 'Group').objects.order_by('name')"
    able = here.ask(f"[g.name for g in {groups}.filter(permissions__codename='set_cost')]")
    assert able == ["Integrators", "Managers", "Operators"]


def people_and_programs_come_in(here: Installation, known: dict[str, Any]) -> None:
    here.manage("collectstatic", "--no-input", "--verbosity=0")
    port = free_port()
    here.start_web(port)
    address = f"http://127.0.0.1:{port}"
    browser = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    form = browser.open(f"{address}/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    fields = {
        "csrfmiddlewaretoken": token[1],
        "username": "ada",
        "password": known["password"],
        "next": f"/batchcalls/batch/{known['running']}/change/",
    }
    page = browser.open(f"{address}/login/", urllib.parse.urlencode(fields).encode())
    assert known["running"] in page.geturl()
    assert "Sign out" in page.read().decode()

    request = urllib.request.Request(
        f"{address}/api/v1/batches", headers={"Authorization": f"Bearer {known['secret']}"}
    )
    with urllib.request.urlopen(request) as answer:
        assert {batch["id"] for batch in json.load(answer)["results"]} == set(known["statuses"])


def the_work_continues(here: Installation, known: dict[str, Any]) -> None:
    """Carry on what was launched: messages of the old queue, rows claimed by a dead worker."""
    here.start_worker()
    launched = [pk for pk, status in known["statuses"].items() if status in BEING_CALLED]
    assert known["running"] in launched
    later, *due = sorted(launched, key=lambda pk: known["scheduled"] != pk)
    wait_for(lambda: here.is_over(*due), seconds=90, what="the batches are over")
    status = f"Batch.objects.get(pk={later!r}).status"
    waiting = "waiting_for_scheduled_calls"
    wait_for(lambda: here.ask(status) == waiting, seconds=30, what="the scheduled batch waits")

    attempts = here.ask("list(CallResult.objects.values_list('recipient', 'attempt'))")
    assert len(attempts) == len({recipient for recipient, _ in attempts}), "Somebody was redialed."
    called = set(
        here.ask(
            f"list(CallResult.objects.filter(batch_id__in={due!r})"
            ".values_list('recipient', flat=True))"
        )
    )
    rows = here.ask(
        f"list(Recipient.objects.filter(batch_id__in={due!r}).values_list('pk', flat=True))"
    )
    assert called == set(rows), "Somebody was left out."
