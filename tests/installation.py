"""A complete installation in a folder, with real processes, for tests and benchmarks."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.voice.carrier.process import Carrier

WEBHOOK_SECRET = "whsec-of-the-tests"
#: Fields of an account on a carrier of the tests, where no real phone rings at night. No setting
#: does this, so that nobody switches the legal floor off by accident.
BEYOND_FLOOR = {
    "beyond_floor_until": "2100-01-01T00:00:00Z",
    "beyond_floor_reason": "Tests run at any time of day.",
}
ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """Return a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], *, seconds: float, what: str) -> None:
    """Wait until the condition is true; on timeout, fail with ``what`` in the message."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Waited {seconds} s in vain until {what}."
        time.sleep(0.1)


def need_redis() -> None:
    """Skip a test if Redis is not installed; on CI, fail instead."""
    if shutil.which("redis-server") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("redis-server is not installed.")
        pytest.skip("redis-server is not installed. On Debian: apt-get install redis-server")


def start_redis(here: Installation, port: int) -> subprocess.Popen[bytes]:
    """Start a Redis without persistence, which loses its data when it ends."""
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    process = here.start("redis-server", *options)
    wait_for(lambda: listens(port), seconds=10, what="Redis answers")
    return process


def listens(port: int) -> bool:
    """Return whether a process listens on a loopback port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def carrier_environment(carrier: Carrier) -> dict[str, str]:
    """Return the environment in which `bland` accounts call through this carrier."""
    return {
        "BLAND_API_KEY": carrier.key,
        "BLAND_BASE_URL": carrier.url,
        "BLAND_WEBHOOK_SECRET": WEBHOOK_SECRET,
        # Tests must pass at any time of day.
        "DEFAULT_CALLING_HOURS": "00:00-24:00",
    }


class Installation:
    """An installation in a folder, whose commands, workers and web server are processes.

    A context manager that ends the processes it started.
    """

    def __init__(self, folder: Path, database_url: str, **environment: object) -> None:
        self.folder = folder
        self.log = folder / "processes.log"
        self.environment = {
            **os.environ,
            "DATA_DIR": str(folder),
            "DATABASE_URL": database_url,
            "DEBUG": "false",
            "LOG_LEVEL": "INFO",
            **{name: str(value) for name, value in environment.items()},
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        self.manage("migrate", "--verbosity=0")

    def manage(self, *command: str) -> str:
        """Run a management command to its end; return its output."""
        return str(self._tell_console(command=command))

    def ask(self, expression: str) -> Any:
        """Evaluate an expression over the models in the installation."""
        return self._tell_console(statements="", expression=expression)

    def act(self, *statements: str) -> None:
        """Execute statements over the models and functions in the installation."""
        self._tell_console(statements="\n".join(statements), expression="None")

    def _tell_console(self, **request: Any) -> Any:
        console = self._console
        assert console.stdin is not None
        assert console.stdout is not None
        console.stdin.write(f"{json.dumps(request)}\n")
        console.stdin.flush()
        line = console.stdout.readline()
        assert line, f"The console ended with {console.wait()}."
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def close_console(self) -> None:
        """Close the console's connection to the database; the next question opens another."""
        with self.__dict__.pop("_console"):
            """The console ends when its input is closed."""

    @functools.cached_property
    def _console(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.console"],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def make_account(self, name: str, **fields: Any) -> None:
        """Store a voice account, on a carrier of the tests if it is not the simulator's."""
        fields = {**(BEYOND_FLOOR if fields.get("provider") == "bland" else {}), **fields}
        self.act(f"VoiceAccount.objects.create(name={name!r}, **{fields!r})")

    def make_batch(
        self, rows: int, *options: str, first: int = 0, prompt: str = "Call {{shop}}."
    ) -> str:
        """Launch a batch of ``rows`` recipients for the workers to call; return its id."""
        path = self.folder / f"list-{first}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("phone_number,shop\n")
            for n in range(first, first + rows):
                file.write(f"+1415{2_000_000 + n},Shop {n}\n")
        said = ("--prompt", prompt, "--purpose", "informational")
        said = () if "--campaign" in options else said
        told = self.manage("sendbatch", str(path), *said, "--detach", "--json", *options)
        return str(json.loads(told)["batch_id"])

    def is_over(self, *batch_ids: str) -> bool:
        """Return whether all these batches have a final status."""
        return bool(
            self.ask(f"all(batch.is_over for batch in Batch.objects.filter(pk__in={batch_ids!r}))")
        )

    def start(self, *command: str, release: Path = ROOT) -> subprocess.Popen[bytes]:
        """Start a process of the installation, in its own session, from the code of a release."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                env=self.environment,
                cwd=release,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def start_worker(
        self, *, minutes_ahead: float = 0, release: Path = ROOT
    ) -> subprocess.Popen[bytes]:
        """Start a qcluster, whose clock can be ahead of the real time, or behind if negative."""
        if not minutes_ahead:
            return self.start(sys.executable, "manage.py", "qcluster", release=release)
        command = "-m", "tests.wrong_clock", str(minutes_ahead), "qcluster"
        return self.start(sys.executable, *command)

    def start_web(
        self, port: int, *, workers: int = 1, threads: int = 8
    ) -> subprocess.Popen[bytes]:
        """Start the web server and wait until it answers."""
        process = self.start(
            *(sys.executable, "-m", "gunicorn", "config.wsgi", "--worker-class", "gthread"),
            *("--workers", str(workers), "--threads", str(threads)),
            *("--bind", f"127.0.0.1:{port}", "--keep-alive", "30", "--log-level", "warning"),
        )

        def answers() -> bool:
            assert process.poll() is None, self.log.read_text()[-3000:]
            return listens(port)

        wait_for(answers, seconds=30, what="the web server answers")
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a process and all its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *exception: object) -> None:
        for process in self._processes:
            self.kill(process)
        if "_console" in self.__dict__:
            self.close_console()
