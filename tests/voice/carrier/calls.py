"""The carrier's calls and their representation in the Bland API."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

PRICE_PER_MINUTE, PRICE_PER_ATTEMPT = 0.14, 0.015

#: Outcome -> status, answered_by, queue_status, error_message, disposition_tag.
OUTCOMES: dict[str, tuple[str, str | None, str, str | None, str]] = {
    "human": ("completed", "human", "complete", None, "COMPLETED_ACTION"),
    "voicemail": ("completed", "voicemail", "complete", None, "NO_CONTACT_MADE"),
    "no_answer": ("no-answer", "no-answer", "complete", None, "NO_ANSWER"),
    "busy": (
        "busy",
        None,
        "complete",
        "The number you dialed is busy. Please try again later.",
        "BUSY",
    ),
    "failed": ("failed", None, "call_error", "The number you dialed is not found.", "FAILED"),
    "canceled": ("canceled", None, "complete", None, "CANCELED"),
    # Opt-outs: reported by the agent, only said, and by a key.
    "opts_out": ("completed", "human", "complete", None, "DO_NOT_CONTACT"),
    "says_stop": ("completed", "human", "complete", None, "COMPLETED_ACTION"),
    "presses_key": ("completed", "human", "complete", None, "COMPLETED_ACTION"),
}
#: Spoken at even intervals during a call.
_LINES = {
    "human": (
        ("assistant", "Hello, am I speaking with {name}?"),
        ("user", "Yes, who is calling?"),
        ("assistant", "I am calling about your appointment. Does it still suit you?"),
        ("user", "Yes, that is fine."),
        ("agent-action", "Ended call: Thank you, goodbye!"),
    ),
    "voicemail": (
        ("user", "Please leave a message after the tone."),
        ("assistant", "Hello {name}, please call us back."),
    ),
    "opts_out": (
        ("assistant", "Hello, am I speaking with {name}?"),
        ("user", "Yes, but I am not interested."),
    ),
    "says_stop": (
        ("assistant", "Hello, am I speaking with {name}?"),
        ("user", "Take me off your list, please."),
    ),
    "presses_key": (
        ("assistant", "Press 9 to be removed from our list."),
        ("user", "9"),
    ),
}


@dataclass(slots=True, kw_only=True)
class Call:
    """One call. ``received_at``, ``starts_at``, ``ends_at`` are on the monotonic clock."""

    call_id: str
    body: dict[str, Any]
    correlation_id: str | None
    created: float  # seconds since 1970
    received_at: float
    starts_at: float
    ends_at: float
    queued_seconds: float  # in call time, like the next field
    talk_seconds: float
    outcome: str
    unlisted: bool = False  # never appears in lists
    told_late: bool = False  # the start event comes after the end report
    stops: list[float] = field(default_factory=list)

    def stage(self, now: float) -> str:
        """Return ``queued``, ``started`` or ``over``."""
        if now < self.starts_at:
            return "queued"
        return "started" if now < self.ends_at else "over"

    def stop(self, now: float, speed: float) -> bool:
        """End the call now; return False if it was already over."""
        self.stops.append(now)
        stage = self.stage(now)
        if stage == "over":
            return False
        if stage == "queued":
            self.outcome, self.talk_seconds, self.starts_at = "canceled", 0.0, now
        else:
            self.talk_seconds = min(self.talk_seconds, (now - self.starts_at) * speed)
        self.ends_at = now
        return True

    def listed(self, now: float, *, national: bool) -> dict[str, Any]:
        """Return the call as in lists: without transcript, variables and metadata."""
        stage = self.stage(now)
        _, answered_by, queue_status, error, _ = OUTCOMES[self.outcome]
        over = stage == "over"
        to = str(self.body.get("phone_number"))
        return {
            "call_id": self.call_id,
            "created_at": _iso(self.created),
            "call_length": round(self.talk_seconds / 60, 3) if over else None,
            "to": to[2:] if national and to.startswith("+1") else to,
            "from": self.body.get("from"),
            "completed": over,
            "queue_status": queue_status if over else stage,
            "error_message": error if over else None,
            "answered_by": answered_by if over else None,
            "batch_id": None,
            "inbound": False,
        }

    def details(self, now: float, *, national: bool = False) -> dict[str, Any]:
        """Return the whole call object."""
        body = self.body
        status, _, _, _, disposition = OUTCOMES[self.outcome]
        over = self.stage(now) == "over"
        started = self.created + self.queued_seconds
        data = body.get("request_data") or {}
        spoken = self._spoken(started, data) if over else []
        minutes = self.talk_seconds / 60
        talked = self.outcome in _LINES
        return {
            **self.listed(now, national=national),
            "c_id": self.call_id,
            "request_data": data,
            "metadata": body.get("metadata"),
            "started_at": _iso(started) if self.stage(now) != "queued" else None,
            "end_at": _iso(started + self.talk_seconds) if over else None,
            "endpoint_url": "api.bland.ai",
            "max_duration": body.get("max_duration", 30),
            "variables": {
                **data,
                "call_id": self.call_id,
                "to": body.get("phone_number"),
                "from": body.get("from"),
                "phone_number": body.get("phone_number"),
            },
            "record": bool(body.get("record")),
            "recording_url": None,
            "summary": "The appointment was confirmed." if over and talked else None,
            "price": round(max(minutes * PRICE_PER_MINUTE * talked, PRICE_PER_ATTEMPT), 5)
            if over
            else None,
            "call_ended_by": "ASSISTANT" if over and talked else None,
            "pathway_id": body.get("pathway_id"),
            "pathway_version": body.get("pathway_version"),
            "analysis": None,
            "transcripts": spoken,
            "concatenated_transcript": "\n".join(
                f"{one['user']}: {one['text']} " for one in spoken if one["user"] != "agent-action"
            ),
            "status": status if over else "unknown",
            "corrected_duration": str(round(self.talk_seconds)) if over else None,
            "disposition_tag": disposition if over else None,
            "transferred_to": None,
        }

    def _spoken(self, started: float, data: dict[str, Any]) -> list[dict[str, Any]]:
        lines = _LINES.get(self.outcome, ())
        name = data.get("customer_name", "there")
        step = self.talk_seconds / (len(lines) + 1)
        return [
            {
                "id": index,
                "user": user,
                "text": text.format(name=name),
                "created_at": _iso(started + step * index),
                "c_id": self.call_id,
            }
            for index, (user, text) in enumerate(lines)
        ]

    def entry(self, now: float) -> dict[str, Any]:
        """Return the call's ledger entry."""
        stage = self.stage(now)
        return {
            "call_id": self.call_id,
            "outcome": self.outcome,
            "started_at": None if stage == "queued" else self.starts_at,
            "ended_at": self.ends_at if stage == "over" else None,
            "stops": self.stops,
        }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
