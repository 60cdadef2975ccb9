"""Measure `sendbatch`: seconds and peak memory for a list, from file to results.

Baseline in the same run: the same rows read with the csv module, parsed with phonenumbers, and
sent through the same simulator in a bare loop without a database, a queue or rules.

    python -m tests.benchmarks.main_job [ROWS …]        (default: 1000 10000)

DATABASE_URL selects the database; by default each run uses a new SQLite file. Prefix the command
with ``tests/with-postgres`` to use PostgreSQL.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROMPT = "You are calling {{first_name}} at {{company}} to confirm the order {{order}}."
KIB_PER_MB = 1024

SET_UP = """
from batchcalls.models import Batch, VoiceAccount
from campaigns.models import Suppression
Batch.objects.all().delete()
Suppression.objects.all().delete()
account = VoiceAccount.objects.built_in()
account.options, account.concurrency = {"speed": 0}, 100_000
account.save()
"""

BARE_LOOP = """
import csv, sys
from datetime import UTC, datetime
from uuid import uuid4
import phonenumbers
from batchcalls.voice.base import AccountConfig, CallReference, CallRequest
from batchcalls.voice.errors import VoiceError
from batchcalls.voice.registry import build
from campaigns.prompts import Template

provider = build("simulator", AccountConfig(name="bare", options={"speed": 0}))
template = Template.parse(sys.argv[2])
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        number = phonenumbers.parse(row.pop("phone_number"), "US")
        request = CallRequest(
            correlation_id=uuid4(),
            to=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
            prompt=template.render(row),
            variables=row,
        )
        try:
            accepted = provider.place(request)
        except VoiceError:
            continue
        call = CallReference(provider_call_id=accepted.provider_call_id, request=request)
        provider.pull(call, after=None, until=datetime.now(UTC))
"""


def write_list(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("phone_number,first_name,company,order,city\n")
        for n in range(rows):
            file.write(f"+1415{2_000_000 + n},Name{n},Company {n},{10_000 + n},Springfield\n")


def run(command: list[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Return wall seconds, peak MB of the largest process so far, and standard output."""
    began = time.monotonic()
    ran = subprocess.run(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    seconds = time.monotonic() - began
    if ran.returncode not in {0, 3}:
        sys.exit(f"{command[:4]} ended with status {ran.returncode}.")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / KIB_PER_MB
    return seconds, peak, ran.stdout


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [1_000, 10_000]
    print(f"{'rows':>9} {'seconds':>8} {'s/1000':>7} {'calls/s':>8} {'peak MB':>8}  vs bare loop")
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            environment = {
                "SECRET_KEY": "benchmarks-need-no-secret-but-a-long-enough-key-for-django",
                "DEBUG": "false",
                "MAX_ROWS": "2000000",
                "LOG_LEVEL": "ERROR",
                **os.environ,
                "DATA_DIR": folder,
            }
            path = Path(folder) / "list.csv"
            write_list(path, rows)
            manage = [sys.executable, "manage.py"]
            run([*manage, "migrate", "--verbosity=0"], environment)
            run([*manage, "shell", "--no-imports", "-c", SET_UP], environment)
            environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
            bare = "import django; django.setup()\n" + BARE_LOOP
            floor, _, _ = run([sys.executable, "-c", bare, str(path), PROMPT], environment)
            seconds, peak, out = run(
                [*manage, "sendbatch", str(path), "--prompt", PROMPT, "--json"], environment
            )
        totals = json.loads(out)["totals"]
        if totals["rows"] != rows or totals["called"] != rows:
            sys.exit(f"Not everybody was called: {totals}")
        print(
            f"{rows:>9,} {seconds:>8.1f} {seconds / rows * 1000:>7.2f} {rows / seconds:>8.0f}"
            f" {peak:>8.0f}  {seconds / floor:.1f} x of {floor:.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
