"""Measure the peak memory of the largest process in a tree, and its CPU seconds."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self


class PeakMemory:
    """Watches a process and its descendants while the context is active.

    ``megabytes`` is the peak resident memory (VmHWM) of the largest of them, ``cpu_seconds`` what
    all of them used, in user and system mode, once the context is left.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.megabytes = 0
        self.cpu_seconds = 0.0

    def __enter__(self) -> Self:
        self.cpu_seconds = -self._cpu()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self.cpu_seconds += self._cpu()

    def _cpu(self) -> float:
        return sum(map(_cpu_seconds, self._tree()))

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            for pid in self._tree():
                self.megabytes = max(self.megabytes, _peak(pid))

    def _tree(self) -> list[int]:
        found = [self._pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    found += map(int, children.read_text().split())
                except OSError:  # the process has ended
                    continue
        return found


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)


def _cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process and of its ended children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
