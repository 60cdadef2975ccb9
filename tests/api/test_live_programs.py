"""The guides at /api/docs/ and generated clients, against a running site with a worker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from batchcalls.api.docs import GUIDES
from tests import node
from tests.api.test_schema import SCHEMA
from tests.blandapi.serving import Server, server
from tests.databases import NewDatabase
from tests.installation import free_port, listens, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.one_database]

FILES = {name: text for guide in GUIDES for _, name, text in guide.programs}
#: How each guide is run, by the ending of its file.
RUN = {".py": [sys.executable], ".mjs": ["node"], ".sh": ["bash"]}
CLIENTS = Path(__file__).parent / "clients"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("site") / "one"
    with server(folder, new_database, WEBHOOK_ALLOWED_HOSTS="127.0.0.1") as running:
        yield running


def command(name: str) -> list[str]:
    """Return the command that runs a guide. Skip where its language is missing; fail on CI."""
    [*program] = RUN[Path(name).suffix]
    if shutil.which(program[0]) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program[0]} is not installed.")
        pytest.skip(f"{program[0]} is not installed.")
    return [*program, name]


def run(folder: Path, site: Server, *words: str) -> str:
    """Run a program that finds the site and the key in its environment; return its output."""
    ended = subprocess.run(
        words,
        check=False,
        cwd=folder,
        env={**os.environ, "CALLS_URL": site.url, "CALLS_KEY": site.key},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def ask(site: Server, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {site.key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(site.url + path, data, headers, method=method), timeout=60) as answer:
        return json.load(answer)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files of the guides, as the page shows them."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["send_list.py", "send_list.mjs", "send_list.sh"])
def test_a_guide_checks_a_list_calls_it_and_reads_the_results(
    name: str, folder: Path, site: Server
) -> None:
    told = run(folder, site, *command(name))

    batch = ask(site, "GET", "/api/v1/batches?limit=1")["results"][0]
    assert batch["name"] == "October reminders"
    assert batch["status"] == "completed_partial"
    figures = {name: batch["totals"][name] for name in ("rows", "reached", "voicemail", "skipped")}
    assert figures == {"rows": 3, "reached": 1, "voicemail": 1, "skipped": 1}
    # The row that was skipped, a result, and the calls with their transcripts.
    assert "too short" in told
    assert "human" in told
    assert told.count("+12025550193") > 1
    assert "turns" in told or '"transcript"' in told
    rows = ask(site, "GET", f"/api/v1/batches/{batch['id']}/recipients")["results"]
    assert [row["metadata"] for row in rows[:2]] == [{"crm_id": "A-17"}, {"crm_id": "A-18"}]


@pytest.mark.parametrize("name", ["receive_webhooks.py", "receive_webhooks.mjs"])
def test_a_guide_takes_signed_webhooks_once_and_no_others(
    name: str, folder: Path, site: Server
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    endpoint = ask(site, "POST", "/api/v1/webhook-endpoints", {"url": url})["id"]
    secret = ask(site, "GET", f"/api/v1/webhook-endpoints/{endpoint}/secret")["secret"]
    environment = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)}
    log = folder / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command(name), cwd=folder, env=environment, stdout=output) as receiver,
    ):
        try:
            wait_for(lambda: listens(port), seconds=20, what="the receiver listens")
            forged = Request(url, b"{}", {"webhook-id": "1", "webhook-timestamp": "1"})
            with pytest.raises(HTTPError) as refused:
                urlopen(forged, timeout=10)
            with refused.value as answer:
                assert answer.code == 401

            sent = ask(site, "POST", f"/api/v1/webhook-endpoints/{endpoint}/test")["id"]
            path = f"/api/v1/webhook-deliveries/{sent}"
            wait_until_delivered(site, path, attempts=1)
            ask(site, "POST", f"{path}/resend")
            wait_until_delivered(site, path, attempts=2)
        finally:
            receiver.kill()
            ask(site, "PATCH", f"/api/v1/webhook-endpoints/{endpoint}", {"enabled": False})
    assert log.read_text("utf-8").count("webhook.test") == 1


def wait_until_delivered(site: Server, path: str, *, attempts: int) -> None:
    def is_delivered() -> bool:
        delivery = ask(site, "GET", path)
        assert delivery["last_status"] in {None, 204}, delivery
        return (delivery["status"], delivery["attempts"]) == ("delivered", attempts)

    wait_for(is_delivered, seconds=30, what="the message is delivered")


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> str:
    return node.write(tmp_path_factory.mktemp("schema"), "schema", SCHEMA)


def test_a_generated_python_client_does_the_whole_job(
    schema: str, site: Server, tmp_path: Path
) -> None:
    generated = subprocess.run(
        [
            *(Path(sys.executable).with_name("openapi-python-client"), "generate"),
            *("--path", schema, "--config", CLIENTS / "python.json", "--fail-on-warning"),
            *("--meta", "none", "--output-path", tmp_path / "calls_api"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert generated.returncode == 0, generated.stdout + generated.stderr
    shutil.copy(CLIENTS / "story.py", tmp_path)

    told = run(tmp_path, site, sys.executable, "story.py")

    assert told.splitlines()[-1] == "completed: human, voicemail; +12025550177 is listed"


def test_a_generated_typescript_client_does_the_whole_job(
    schema: str, site: Server, tmp_path: Path
) -> None:
    node.need_node()
    shutil.copy(CLIENTS / "story.mts", tmp_path)
    shutil.copy(CLIENTS / "tsconfig.json", tmp_path)
    (tmp_path / "node_modules").symlink_to(node.FOLDER / "node_modules")
    # Members of requests that have a default may be left out.
    generate = ("openapi-typescript", schema, "-o", "calls_api.ts", "--default-non-nullable=false")
    for words in (generate, ("tsc",)):
        ended = node.run(*words, folder=tmp_path)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    told = run(tmp_path, site, "node", "story.mjs")

    assert told.splitlines()[-1] == "completed: human, voicemail; +12025550178 is listed"
