"""The requests that reached the carrier: the evidence that no one was dialed twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.voice.carrier.calls import Call


class Ledger:
    """Every request to place a call, in order of arrival; times are monotonic seconds."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        #: The calls to each number, oldest first.
        self.by_number: dict[str, list[Call]] = {}
        #: Other counts: requests by route, webhooks by result.
        self.counts: Counter[str] = Counter()
        self._rows: list[tuple[float, str | None, str, str, Call | None]] = []
        self._answers: Counter[str] = Counter()
        self._accepted: Counter[str] = Counter()
        self._live = 0
        self._most_live = 0

    def note(
        self, answer: str, *, at: float, correlation_id: str | None, to: str, call: Call | None
    ) -> None:
        """Record one request and its answer."""
        self._rows.append((at, correlation_id, to, answer, call))
        self._answers[answer] += 1
        if call is not None:
            self.calls[call.call_id] = call
            self.by_number.setdefault(to, []).append(call)
            self._accepted[str(correlation_id)] += 1
            self._live += 1
            self._most_live = max(self._most_live, self._live)

    def ended(self) -> None:
        """Count one live call less."""
        self._live -= 1

    def rows(self, now: float) -> list[dict[str, Any]]:
        """Return every request: recipient, time, answer, and the call if there is one."""
        return [
            {
                "correlation_id": correlation_id,
                "to": to,
                "received_at": at,
                "answer": answer,
                **(call.entry(now) if call else {"call_id": None}),
            }
            for at, correlation_id, to, answer, call in self._rows
        ]

    def figures(self, now: float) -> dict[str, Any]:
        """Return counts that are cheap to compute while calls are placed."""
        return {
            "now": now,
            "requests": len(self._rows),
            "answers": dict(self._answers),
            "calls": len(self.calls),
            "live": self._live,
            "most_live": self._most_live,
            # Correlation ids with more than one call, which means a person was dialed twice.
            "twice": sorted(one for one, count in self._accepted.items() if count > 1),
            "first_received_at": self._rows[0][0] if self._rows else None,
            "last_received_at": self._rows[-1][0] if self._rows else None,
            "counts": dict(self.counts),
        }
