"""The examples in the API guide run unchanged against a real server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from batchcalls import tasks
from batchcalls.access import api_keys, roles
from batchcalls.models import Batch, Scope, VoiceAccount

pytestmark = pytest.mark.django_db(transaction=True)

GUIDE = Path(__file__).parents[2] / "batchcalls" / "api" / "description.md"


def example(language: str) -> str:
    guide = GUIDE.read_text("utf-8")
    # The first of a language; a later one sends opt-outs and is run by their tests.
    return str(re.findall(rf"```{language}\n(.*?)```", guide, flags=re.DOTALL)[0])


@pytest.fixture
def environment(transactional_db: None, live_server: Any) -> dict[str, str]:
    """What the examples find in theirs: a key of an integrator."""
    roles.sync()
    account = VoiceAccount.objects.built_in()
    VoiceAccount.objects.filter(pk=account.pk).update(options={"speed": 0})
    owner = User.objects.create_user("integrator", is_staff=True)
    owner.groups.add(Group.objects.get(name="Integrators"))
    _, secret = api_keys.create(owner, name="examples", scopes=Scope.values)
    return {**os.environ, "CALLS_URL": live_server.url, "CALLS_KEY": secret}


def test_the_curl_example(environment: dict[str, str], tmp_path: Path) -> None:
    rows = "Mobile,Name,Date,Customer no.\n+12025550190,Emily,July 12,A-17\n12,Noah,July 13,A-18\n"
    (tmp_path / "customers.csv").write_text(rows, encoding="utf-8")
    done = subprocess.run(
        ["bash", "-c", example("sh")],
        check=False,
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["status"] == "ready"
    assert told["dry_run"]["report"]["now"] == 1
    assert told["dry_run"]["rejected"]["count"] == 1
    one = Batch.objects.get().recipients.get(row_number=2)
    assert (one.request_data, one.metadata) == (
        {"Name": "Emily", "Date": "July 12"},
        {"crm_id": "A-17"},
    )


def test_the_python_example(environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", example("python")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        until = time.monotonic() + 60
        while program.poll() is None and time.monotonic() < until:
            batch = Batch.objects.first()
            if batch and not batch.is_over:
                tasks.step(batch, seconds=1)  # as a worker does
            time.sleep(0.1)
        program.kill()
        out, err = program.communicate()
    assert program.returncode == 0, out + err
    lines = sorted(out.splitlines())
    assert [line.split()[0] for line in lines] == ["+12025550190", "+12025550191"]
    assert lines[0].split()[1] == "human"
