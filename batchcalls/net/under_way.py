"""Run many requests to a provider concurrently.

Worker threads only send requests. The thread that started them collects the answers, and only
that thread uses the database.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Self, TypeVar

#: Number of jobs in place of the thread count when the caller runs each job itself.
MOST_INLINE = 64

JobT = TypeVar("JobT")
AnswerT = TypeVar("AnswerT")


class UnderWay(Generic[JobT, AnswerT]):
    """Runs ``ask`` for many jobs concurrently, and returns each job with its answer.

    ``ask`` must not raise. With ``threads=0`` the caller runs each job immediately, which is
    faster for a provider that never waits. Jobs that no thread has begun are dropped on exit.
    """

    def __init__(self, ask: Callable[[JobT], AnswerT], *, threads: int) -> None:
        self._ask = ask
        # Not a ThreadPoolExecutor: its futures take longer than handing a job over.
        self._most_workers = threads
        self._workers: list[threading.Thread] = []
        self._jobs: queue.SimpleQueue[tuple[JobT] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[JobT, AnswerT]] = queue.SimpleQueue()
        self.threads = threads or MOST_INLINE
        self.count = 0

    @property
    def free(self) -> int:
        """How many more jobs can be started.

        The limit is higher than the number of threads, so that no thread is without a job while
        the caller is busy with the database.
        """
        return self.threads + 3 * self.threads // 4 - self.count

    def start(self, job: JobT) -> None:
        """Start a job."""
        self.count += 1
        if not self._most_workers:
            self._run(job)
            return
        self._jobs.put((job,))
        if len(self._workers) < min(self.count, self._most_workers):
            worker = threading.Thread(target=self._work, daemon=True)
            self._workers.append(worker)
            worker.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._run(*job)

    def _run(self, job: JobT) -> None:
        self._answers.put((job, self._ask(job)))

    def collect(self, *, wait_seconds: float = 0) -> list[tuple[JobT, AnswerT]]:
        """Return new answers; if there are none, wait up to ``wait_seconds`` for the first."""
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
        """Wait for all answers, at most ``seconds``; return them."""
        until = time.monotonic() + seconds
        answers = self.collect()
        while self.count and (left := until - time.monotonic()) > 0:
            answers += self.collect(wait_seconds=left)
        return answers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with suppress(queue.Empty):
            while True:
                self._jobs.get_nowait()
        for _ in self._workers:
            self._jobs.put(None)
