"""Start and control a carrier in its own process, from tests and benchmarks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

ROOT = Path(__file__).resolve().parents[3]


class Carrier:
    """A running carrier; a context manager.

    ``key`` is the API key that it accepts. ``certificate`` and ``private_key`` enable TLS.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        key: str = "test-key",
        certificate: Path | None = None,
        private_key: Path | None = None,
    ) -> None:
        self.key = key
        self._seed = seed
        self._certificate = certificate
        self._command = [sys.executable, "-m", "tests.voice.carrier"]
        self._command += ["--seed", str(seed), "--key", key]
        if certificate and private_key:
            self._command += ["--certificate", str(certificate), "--private-key", str(private_key)]
        self._process: subprocess.Popen[str] | None = None
        self._pool: HTTPConnectionPool | None = None
        self.port = 0

    def start(self) -> Self:
        """Start the process and wait until it listens."""
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self._pool = (
            HTTPSConnectionPool("127.0.0.1", self.port, ca_certs=str(self._certificate))
            if self._certificate
            else HTTPConnectionPool("127.0.0.1", self.port)
        )
        return self

    def stop(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.close()
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.wait(timeout=10)
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base URL of its API."""
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None
        return self._process.pid

    def control(self, **changes: Any) -> None:
        """Set fields of `Behavior`; raise `ValueError` for one that does not exist."""
        self._ask("PUT", "/control", changes)

    def reset(self) -> None:
        """Clear all calls, restore all settings, and restart the random generator."""
        self._ask("POST", "/reset", {"seed": self._seed})

    def ledger(self) -> list[dict[str, Any]]:
        """Return every received request to place a call; see `Ledger.rows`."""
        return cast("list[dict[str, Any]]", self._ask("GET", "/ledger"))

    def last(self) -> dict[str, Any]:
        """Return ``headers`` and ``body`` of the latest request to place a call."""
        return cast("dict[str, Any]", self._ask("GET", "/ledger/last"))

    def live(self) -> dict[str, Any]:
        """Return the current figures; see `Ledger.figures`."""
        return cast("dict[str, Any]", self._ask("GET", "/ledger/live"))

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        assert self._pool is not None
        content = None if body is None else json.dumps(body).encode()
        answer = self._pool.request(method, path, body=content, timeout=60)
        value = json.loads(answer.data)
        if answer.status != 200:
            raise ValueError(value["error"])
        return value
