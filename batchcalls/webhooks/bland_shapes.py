"""Our calls in the Bland API's format, for programs written for that API.

Source: Bland API, Call Details, and post-call webhooks, which send the same object. Known clients
fail on null in some fields where the documentation allows it. These fields get a blank, an empty
object or "unknown" instead. Source: the PyPI package ``bland``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from batchcalls.database import clock
from batchcalls.models import CallResult
from batchcalls.states import CALL_FINAL, CallStatus
from campaigns import e164
from campaigns.call_settings import for_row
from campaigns.vocabulary import AnsweredBy

ANSWERED_BY: Mapping[str, str] = {
    AnsweredBy.HUMAN: "human",
    AnsweredBy.VOICEMAIL: "voicemail",
    AnsweredBy.UNKNOWN: "unknown",
    AnsweredBy.NO_ANSWER: "no-answer",
}
SPEAKERS: Mapping[str, str] = {"agent": "assistant", "callee": "user"}
DEFAULT_MAX_DURATION_MINUTES = 30
#: Phrase ids are numbers in the Bland API. No call has this many phrases.
_PHRASES_PER_CALL = 10_000


def call_detail(call: CallResult) -> dict[str, Any]:
    """Return a call as ``GET /v1/calls/{call_id}`` does; ``call_id`` is ours.

    Use ``select_related("batch", "recipient")`` to avoid extra queries.
    """
    batch, recipient, role = call.batch, call.recipient, CallStatus(call.status).role
    call_settings = for_row(batch.call_settings, recipient.call_settings)
    seconds = call.duration_seconds or 0
    known_as = id_of(call)
    phrases = transcripts(call, known_as)
    said = batch.conversation.for_row(recipient.call_settings)
    return {
        "call_id": known_as,
        "c_id": known_as,
        "batch_id": str(call.batch_id),
        "to": call.to_number,
        "from": call.from_number,
        "inbound": False,
        "completed": call.status in CALL_FINAL,
        "status": role.bland,
        "queue_status": role.bland_queue,
        "error_message": call.error_message,
        "answered_by": ANSWERED_BY.get(call.answered_by, "unknown"),
        "created_at": clock.text_of(call.claimed_at),
        "started_at": _timestamp_or_none(call.answered_at or call.placed_at),
        "end_at": _timestamp_or_none(call.ended_at),
        "call_length": round(seconds / 60, 4),
        "corrected_duration": str(seconds),
        "max_duration": call_settings.get("max_duration", DEFAULT_MAX_DURATION_MINUTES),
        "endpoint_url": settings.PUBLIC_URL,
        "request_data": texts(recipient.request_data),
        "metadata": recipient.metadata,
        "variables": _variables(call, known_as),
        "summary": call.summary,
        "disposition_tag": call.disposition or None,
        "analysis": call.extracted or None,
        "concatenated_transcript": "".join(
            f"{phrase['user']}: {phrase['text']} \n " for phrase in phrases
        ),
        "transcripts": phrases,
        "record": bool(call_settings.get("record", False)),
        "recording_url": call.recording_url or None,
        "price": None if call.price is None else float(call.price),
        "local_dialing": False,
        "call_ended_by": None,
        "pathway_id": said.pathway_id or None,
        "pathway_version": (said.pathway_id and said.pathway_version) or None,
        "persona_id": said.persona_id or None,
        "agent_id": said.agent_id or None,
        "pathway_logs": None,
        "voice_id": call_settings.get("voice"),
        "transferred_to": None,
        "transferred_at": None,
        "citations": [],
        "warm_transfer_call": None,
        "is_proxy_agent_call": False,
        "is_canary": None,
    }


def id_of(call: CallResult) -> str:
    """Return the id by which clients know a call.

    A single call keeps the id that its client received when its first attempt was given up.
    """
    single = call.batch.single_call_id
    if single and call.attempt > 1:
        placed = CallResult.objects.counted().filter(batch=call.batch_id).order_by("attempt")
        if placed.values_list("pk", flat=True).first() == call.pk:
            return str(single)
    return str(call.call_id)


def transcripts(call: CallResult, known_as: str) -> list[dict[str, Any]]:
    """Return the phrases of a call (speaker, text, time) in spoken order."""
    started = call.answered_at or call.placed_at or call.claimed_at
    return [
        {
            "id": call.pk * _PHRASES_PER_CALL + index,
            "created_at": clock.text_of(
                started + timedelta(seconds=float(turn.get("at_seconds", 0)))
            ),
            "text": turn["text"],
            "user": SPEAKERS.get(turn["speaker"], "assistant"),
            "c_id": known_as,
            "status": None,
            "transcript_id": None,
        }
        for index, turn in enumerate(call.transcript)
    ]


def _variables(call: CallResult, known_as: str) -> dict[str, str]:
    """Return the variables of a call; ``call_id`` is always ours, not the provider's."""
    created = call.claimed_at.astimezone(UTC)
    return {
        "now": f"{created:%A, %B %d, %Y %H:%M}",
        "now_utc": f"{created:%Y-%m-%d %H:%M}",
        "to": call.to_number,
        "from": call.from_number,
        "short_to": e164.national_number(call.to_number),
        "short_from": e164.national_number(call.from_number) if call.from_number else "",
        **texts(call.variables),
        "phone_number": call.to_number,
        "call_id": known_as,
    }


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return a copy with every value as text, because clients accept only text variables."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in values.items()
    }


def _timestamp_or_none(moment: datetime | None) -> str | None:
    return clock.text_of(moment) if moment else None
