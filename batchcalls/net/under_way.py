"""Requests to a provider that are under way at once.

Threads do nothing but ask; the thread that started them collects the answers and alone touches
the database.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Self, TypeVar

#: How many answers of a caller that does each job itself are collected at once.
MOST_INLINE = 64

JobT = TypeVar("JobT")
AnswerT = TypeVar("AnswerT")


class UnderWay(Generic[JobT, AnswerT]):
    """Runs ``ask`` for many jobs at once, and hands back each job with its answer.

    ``ask`` must not raise. With ``threads=0`` each job is done at once by the caller: faster, for
    a provider that never keeps anybody waiting.
    """

    def __init__(self, ask: Callable[[JobT], AnswerT], *, threads: int) -> None:
        self._ask = ask
        self._pool = ThreadPoolExecutor(max_workers=threads) if threads else None
        self._answers: queue.SimpleQueue[tuple[JobT, AnswerT]] = queue.SimpleQueue()
        self.threads = threads or MOST_INLINE
        self.count = 0

    @property
    def free(self) -> int:
        """How many more can be started: somewhat more than there are threads.

        While the caller is busy with the database, no thread is to wait for its next job.
        """
        return self.threads + self.threads // 2 - self.count

    def start(self, job: JobT) -> None:
        """Begin a job."""
        self.count += 1
        if self._pool is None:
            self._run(job)
        else:
            self._pool.submit(self._run, job)

    def _run(self, job: JobT) -> None:
        self._answers.put((job, self._ask(job)))

    def collect(self, *, wait_seconds: float = 0) -> list[tuple[JobT, AnswerT]]:
        """Return what was answered since the last time; wait for a first answer if none was."""
        answers: list[tuple[JobT, AnswerT]] = []
        try:
            if wait_seconds > 0 and self.count:
                answers.append(self._answers.get(timeout=wait_seconds))
            while True:
                answers.append(self._answers.get_nowait())
        except queue.Empty:
            pass
        self.count -= len(answers)
        return answers

    def drain(self, *, seconds: float) -> list[tuple[JobT, AnswerT]]:
        """Wait until everything is answered, or for so long; return the answers."""
        until = time.monotonic() + seconds
        answers = self.collect()
        while self.count and (left := until - time.monotonic()) > 0:
            answers += self.collect(wait_seconds=left)
        return answers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
