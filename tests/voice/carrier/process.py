"""Start the carrier in a process of its own, and talk to it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self
from urllib.request import Request, urlopen

from tests.voice.carrier.server import API_KEY

ROOT = Path(__file__).resolve().parents[3]
SECRET = "whsec-of-the-tests"


class CarrierProcess:
    """A running carrier; a context manager that ends it."""

    def __init__(self, *, port: int = 0, certificate: Path | None = None) -> None:
        command = [sys.executable, "-m", "tests.voice.carrier", "--port", str(port)]
        if certificate:
            command += ["--certificate", str(certificate)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self.environment = {
            "BLAND_API_KEY": API_KEY,
            "BLAND_BASE_URL": self.url,
            "BLAND_WEBHOOK_SECRET": SECRET,
        }

    def control(self, **values: Any) -> None:
        """Change how it behaves, by the names of `behaviour.Behaviour`."""
        self._ask("/control", json.dumps(values).encode())

    def ledger(self) -> dict[str, Any]:
        """Return ``requests`` and ``calls`` that reached it, ``live`` and ``max_live``."""
        return self._ask("/ledger")

    def figures(self) -> dict[str, Any]:
        """Return numbers of requests, calls, live ones, and of webhooks by answer."""
        return self._ask("/figures")

    def wait_for_webhooks(self, *, seconds: float = 30) -> dict[str, Any]:
        """Wait until all webhooks are sent, or given up; return the figures."""
        deadline = time.monotonic() + seconds
        while (figures := self.figures())["pending"]:
            assert time.monotonic() < deadline, f"Webhooks still wait: {figures}"
            time.sleep(0.05)
        return figures

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        with urlopen(Request(self.url + path, data=body), timeout=30) as answer:
            return json.loads(answer.read())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
