"""The carrier's calls and its ledger."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.voice.carrier.behaviour import Behaviour, Dice

#: What a drawn ending looks like in the API: status, answered_by, disposition, error.
ENDINGS = {
    "human": ("completed", "human", "COMPLETED_ACTION", None),
    "voicemail": ("completed", "voicemail", "NO_CONTACT_MADE", None),
    "no_answer": ("no-answer", "no-answer", "NO_ANSWER", None),
    "busy": ("busy", None, "BUSY", "Call failed. The number you dialed is busy."),
    "failed": ("failed", None, "FAILED", "Call failed. The number you dialed is not found."),
    "stopped": ("canceled", None, "CANCELED", None),
}


@dataclass(slots=True)
class Call:
    """One call, from being accepted to its end; times are of the monotonic clock."""

    call_id: str
    body: dict[str, Any]
    created: float
    created_at: datetime
    ending: str
    begun: float | None = None
    ended: float | None = None
    stopped: bool = False
    timer: asyncio.TimerHandle | None = None

    @property
    def correlation_id(self) -> str:
        return str((self.body.get("metadata") or {}).get("batchcalls_correlation_id", ""))

    def instant(self, moment: float | None) -> str | None:
        if moment is None:
            return None
        at = self.created_at + timedelta(seconds=moment - self.created)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def brief(self) -> dict[str, Any]:
        """Return the call as the list shows it."""
        status, answered_by, _, error = ENDINGS[self.ending]
        done = self.ended is not None
        queue_status = "complete" if done else "started" if self.begun is not None else "queued"
        return {
            "call_id": self.call_id,
            "created_at": self.instant(self.created),
            "call_length": round(self._seconds / 60, 4) if done else None,
            "to": self.body["phone_number"],
            "from": self.body.get("from"),
            "completed": done,
            "queue_status": queue_status,
            "status": status if done else None,
            "error_message": error if done else None,
            "answered_by": answered_by if done else None,
            "batch_id": None,
            "inbound": False,
        }

    @property
    def _seconds(self) -> float:
        talked = self.ending in {"human", "voicemail"} and self.begun is not None
        return max(1.0, (self.ended or 0) - (self.begun or 0)) if talked else 0.0

    def details(self) -> dict[str, Any]:
        """Return the call as the post-call webhook and the details show it."""
        done, talked = self.ended is not None, self.ending == "human"
        disposition = ENDINGS[self.ending][2]
        variables = dict(self.body.get("request_data") or {})
        start = self.begun if self.begun is not None else self.created
        turns = [("assistant", "Hello, this is Ava."), ("user", "Hi, go on.")] if talked else []
        return {
            **self.brief(),
            "c_id": self.call_id,
            "started_at": self.instant(self.begun),
            "end_at": self.instant(self.ended),
            "request_data": variables,
            "variables": {**variables, "phone_number": self.body["phone_number"]} if done else {},
            "metadata": self.body.get("metadata"),
            "max_duration": self.body.get("max_duration", 30),
            "record": bool(self.body.get("record")),
            "recording_url": None,
            "summary": "They talked." if done and talked else None,
            "price": round(0.015 + 0.12 * self._seconds / 60, 5) if done else None,
            "corrected_duration": f"{self._seconds:.0f}" if done else None,
            "call_ended_by": "ASSISTANT" if done and talked else None,
            "disposition_tag": disposition if done else None,
            "analysis": {"interested": True} if done and talked else None,
            "concatenated_transcript": " \n ".join(f"{who}: {said}" for who, said in turns),
            "transcripts": [
                {
                    "id": number,
                    "created_at": self.instant(start + 0.1 * number),
                    "text": said,
                    "user": who,
                    "c_id": self.call_id,
                }
                for number, (who, said) in enumerate(turns if done else [])
            ],
        }


@dataclass(slots=True)
class Switchboard:
    """Places, ends and lists calls, and writes the ledger."""

    behaviour: Behaviour
    dice: Dice
    on_end: Callable[[Call], None]
    calls: dict[str, Call] = field(default_factory=dict)
    by_number: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))
    ledger: list[dict[str, Any]] = field(default_factory=list)
    live: int = 0
    max_live: int = 0

    def note(self, body: dict[str, Any], answer: str, call_id: str = "") -> None:
        """Write a request to place a call into the ledger."""
        metadata = body.get("metadata") or {}
        self.ledger.append(
            {
                "at": time.monotonic(),
                "correlation_id": metadata.get("batchcalls_correlation_id", ""),
                "to": body.get("phone_number", ""),
                "answer": answer,
                "call_id": call_id,
            }
        )

    def place(self, body: dict[str, Any], answer: str) -> Call:
        """Take a call, whatever the caller hears of it."""
        call = Call(
            call_id=str(uuid4()),
            body=body,
            created=time.monotonic(),
            created_at=datetime.now(UTC),
            ending=self.dice.choose(self.behaviour.mix),
        )
        self.calls[call.call_id] = call
        self.by_number[body["phone_number"]].append(call)
        self.live += 1
        self.max_live = max(self.max_live, self.live)
        self.note(body, answer, call.call_id)
        if self.behaviour.ring_seconds:
            self._later(call, self.behaviour.ring_seconds, self._begin)
        else:
            self._begin(call)
        return call

    def _later(self, call: Call, seconds: float, act: Callable[[Call], None]) -> None:
        call.timer = asyncio.get_running_loop().call_later(seconds, act, call)

    def _begin(self, call: Call) -> None:
        call.begun = time.monotonic()
        self._later(call, self.dice.between(*self.behaviour.talk_seconds), self._end)

    def _end(self, call: Call) -> None:
        if call.ended is None:
            call.ended = time.monotonic()
            self.live -= 1
            self.on_end(call)

    def stop(self, call: Call) -> bool:
        """End a call now; tell whether there was anything to end."""
        if call.ended is not None:
            return False
        if call.timer is not None:
            call.timer.cancel()
        call.stopped = True
        call.ending = "stopped" if call.begun is None else call.ending
        self._end(call)
        return True

    def book(self) -> dict[str, Any]:
        """Return the ledger with the times of each call."""
        return {
            "requests": self.ledger,
            "calls": [
                {
                    "call_id": call.call_id,
                    "correlation_id": call.correlation_id,
                    "to": call.body["phone_number"],
                    "created": call.created,
                    "begun": call.begun,
                    "ended": call.ended,
                    "stopped": call.stopped,
                }
                for call in self.calls.values()
            ],
            "live": self.live,
            "max_live": self.max_live,
        }
