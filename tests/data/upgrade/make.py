"""Make the dumps in this folder: an installation stopped in mid-work, by the code that is here.

``python -m tests.data.upgrade.make VERSION`` dumps SQLite; under ``tests/with-postgres`` it dumps
PostgreSQL. The JSON file beside a dump holds what the upgraded installation must still know. Run
it before a release changes the schema, and never again for that version.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import django

PASSWORD = "a long enough passphrase"
FOLDER = Path(__file__).parent
WORK = """
from datetime import time
from django.contrib.auth.models import Group, User
from campaigns.models import *
{api_keys}
ada = User.objects.create_superuser("ada", "", "{password}")
Group.objects.get(name="Operators").user_set.add(User.objects.create_user("oli"))
policy = CallingPolicy.objects.create(name="Always")
Campaign.objects.create(name="Reminder", prompt="Call {{{{shop}}}}.", policy=None, created_by=ada)
Tool.objects.create(name="Book", reference="TL-1234")
Pathway.objects.create(name="Survey", pathway_id="11111111-2222-4333-8444-555555555555")
Suppression.objects.create(e164="+12025550143", reason="Asked us to stop.")
WebhookEndpoint.objects.create(url="https://127.0.0.1:9/hook")
key, secret = api_keys.create(ada, name="a program", scopes=Scope.values)
print(secret)
"""


def make(version: str) -> None:
    """Build the installation in a folder of its own, stop it in mid-work, and dump it."""
    from tests.databases import new_database
    from tests.installation import Installation, wait_for

    with (
        tempfile.TemporaryDirectory() as name,
        new_database(Path(name)) as url,
        Installation(Path(name), url, LEASE_SECONDS=2) as here,
    ):
        imported = "from batchcalls.access import api_keys"
        if not (FOLDER.parents[2] / "batchcalls" / "access").exists():
            imported = "from batchcalls import api_keys"
        here.act("VoiceAccount.objects.built_in()")
        code = WORK.format(api_keys=imported, password=PASSWORD)
        secret = here.manage(
            "shell", "--no-imports", "-c", f"from batchcalls.models import *\n{code}"
        ).strip()
        set_up = "VoiceAccount.objects.update(options={'speed': %s, 'latency_seconds': %s})"
        here.act(set_up % (0, 0))
        over = here.make_batch(20, "--campaign", "Reminder")
        here.make_batch(4, "--dry-run", first=500)
        worker = here.start_worker()
        wait_for(lambda: here.is_over(over), seconds=60, what="the first batch is over")
        here.act(set_up % (2, 0.4))
        running = here.make_batch(60, first=100)
        wait_for(
            lambda: here.ask("Recipient.objects.filter(status='in_call').count()") > 5,
            seconds=60,
            what="calls are live",
        )
        here.kill(worker)
        here.make_account("fast", provider="simulator", options={"speed": 0})
        # Its message waits in the queue.
        here.make_batch(5, "--account", "fast", first=300)
        scheduled = here.make_batch(3, "--start-at", "2999-01-01T00:00:00Z", first=400)
        known = {
            "password": PASSWORD,
            "secret": secret,
            "running": running,
            "scheduled": scheduled,
            "statuses": here.ask("{str(b.pk): b.status for b in Batch.objects.all()}"),
            "calls": here.ask(
                "[[str(c.call_id), c.status, c.provider_call_id] for c in CallResult.objects.all()]"
            ),
            "rows": here.ask(
                "{m.__name__: m.objects.count() for m in (Batch, BatchEvent, Recipient,"
                " StoredList, WebhookDelivery, ApiKey)}"
            ),
        }
        kind = "sqlite" if url.startswith("sqlite") else "postgresql"
        text = (
            _dump_sqlite(Path(url.removeprefix("sqlite:///")))
            if kind == "sqlite"
            else _dump_pg(url)
        )
        target = FOLDER / f"{version}.{kind}"
        target.with_suffix(f".{kind}.json").write_text(json.dumps(known, indent=1) + "\n", "utf-8")
        with gzip.GzipFile(f"{target}.sql.gz", "wb", mtime=0) as file:
            file.write(text.encode())
        shutil.make_archive(f"{target}.media", "zip", name, "media")


def _dump_sqlite(url: str) -> str:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        return "\n".join(connection.iterdump())


def _dump_pg(url: str) -> str:
    text = subprocess.run(
        ["pg_dump", "--inserts", "--rows-per-insert=100", "--no-owner", "--no-privileges", url],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    # Lines for psql alone.
    return "\n".join(line for line in text.splitlines() if not line.startswith("\\"))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    make(sys.argv[1])
