"""The official command line, its address and key changed, against a running server.

It comes from npm (``bland-cli``). ``bland mcp`` is its server for agents.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import node
from tests.blandapi.serving import Server, server
from tests.databases import NewDatabase
from tests.installation import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.one_database]

HUMAN, NOBODY = "+12025550190", "+12025550191"


@pytest.fixture(scope="module")
def program() -> str:
    """Return the path of the command line."""
    node.need_node()
    return node.path_of("bland")


@pytest.fixture(scope="module")
def served(
    program: str, tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("served") / "one", new_database) as running:
        yield running


@pytest.fixture(scope="module")
def environment(served: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what the command line is told. It keeps its configuration in an empty folder."""
    home = str(tmp_path_factory.mktemp("home"))
    told = {"BLAND_API_KEY": served.key, "BLAND_BASE_URL": served.url, "NO_COLOR": "1"}
    return {"PATH": os.environ["PATH"], "HOME": home, "XDG_CONFIG_HOME": home, **told}


Run = Callable[..., Any]


@pytest.fixture
def run(program: str, environment: dict[str, str]) -> Run:
    """Run a command; return what it prints, parsed if it was asked for JSON."""

    def ask(*arguments: str, fails: bool = False) -> Any:
        done = subprocess.run(
            [program, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert bool(done.returncode) == fails, f"{done.stdout}{done.stderr}"
        if fails or "--json" not in arguments:
            return f"{done.stdout}{done.stderr}"
        # A line about its progress may come first.
        lines = done.stdout.splitlines()
        first = next(at for at, line in enumerate(lines) if line.startswith(("{", "[")))
        return json.loads("\n".join(lines[first:]))

    return ask


def is_over(served: Server) -> bool:
    return bool(served.here.ask("all(batch.is_over for batch in Batch.objects.all())"))


def test_calls_and_batches_are_sent_and_followed_by_the_command_line(
    run: Run, served: Server, tmp_path: Path
) -> None:
    assert run("--version").strip()
    sent = run("call", "send", HUMAN, "--task", "Say hello.", "--record", "--json")
    assert sent["status"] == "success"
    led = run("call", "send", HUMAN, "--persona", "p-1", "--request-data", '{"a": "b"}', "--json")
    contacts = tmp_path / "contacts.csv"
    contacts.write_text(f"phone_number,name\n{HUMAN},Ada\n{NOBODY},Bob\n", encoding="utf-8")
    options = ("--task", "Say hello.", "--max-concurrent", "2", "--json")
    batch_id = run("batch", "create", "--file", str(contacts), *options)["batch_id"]
    wait_for(lambda: is_over(served), seconds=60, what="all calls are over")

    call = run("call", "get", sent["call_id"], "--json")
    assert (call["completed"], call["answered_by"], call["record"]) == (True, "human", True)
    assert run("call", "get", led["call_id"], "--json")["persona_id"] == "p-1"
    assert "Say hello." in run("call", "get", sent["call_id"])
    events = run("call", "events", sent["call_id"], "--json")
    assert {one["call_id"] for one in events} == {sent["call_id"]}
    assert "[info] Placed: taken by simulator" in run("call", "events", sent["call_id"])
    listed = run("call", "list", "--batch", batch_id, "--json")
    assert sorted(one["to"] for one in listed["calls"]) == [HUMAN, NOBODY]
    batch = run("batch", "get", batch_id, "--json")
    assert (batch["status"], batch["calls_total"], batch["calls_failed"]) == ("completed", 2, 0)


def test_errors_are_understood_by_the_command_line(run: Run) -> None:
    told = run("call", "send", "12", "--task", "Say hello.", fails=True)
    assert "Invalid phone number" in told
    assert "No call has this ID." in run("call", "stop", "x", fails=True)


def test_an_agent_calls_through_bland_mcp(
    program: str, environment: dict[str, str], served: Server
) -> None:
    with subprocess.Popen(
        [program, "mcp"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin
        assert running.stdout
        numbers = iter(range(1, 100))

        def ask(method: str, **params: Any) -> Any:
            message = {"jsonrpc": "2.0", "id": next(numbers), "method": method, "params": params}
            running.stdin.write(f"{json.dumps(message)}\n")
            running.stdin.flush()
            answer = json.loads(running.stdout.readline())
            assert answer["id"] == message["id"]
            return answer["result"]

        def use(tool: str, **arguments: Any) -> Any:
            result = ask("tools/call", name=tool, arguments=arguments)
            [content] = result["content"]
            return content["text"] if result.get("isError") else json.loads(content["text"])

        client = {"name": "test", "version": "1"}
        assert ask("initialize", protocolVersion="2024-11-05", capabilities={}, clientInfo=client)
        assert "bland_call_send" in {one["name"] for one in ask("tools/list")["tools"]}
        sent = use("bland_call_send", phone_number=HUMAN, task="Say hello.", model="base")
        wait_for(lambda: is_over(served), seconds=60, what="the call is over")
        assert use("bland_call_get", call_id=sent["call_id"])["completed"] is True
        assert use("bland_call_list", limit="1")["calls"][0]["call_id"] == sent["call_id"]
        assert use("bland_call_active") == []
        assert "June" in {one["name"] for one in use("bland_voice_list")["voices"]}
        assert "Invalid phone number" in use("bland_call_send", phone_number="12", task="x")
        running.stdin.close()
        assert running.wait(timeout=20) == 0
