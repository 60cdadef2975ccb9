"""Turn a call object of the provider into a `VoiceEvent`.

Source: Bland API, Call Details, and post-call webhooks, which send the same object. Every field
may be null, missing, or of another type than documented.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from json import dumps
from typing import Any
from uuid import UUID

from batchcalls.states import CALL_FINAL, CallStatus
from batchcalls.voice.base import CallDetails, Origin, VoiceEvent
from batchcalls.voice.bland import reading
from batchcalls.voice.bland.payload import BATCH_KEY, CORRELATION_KEY
from batchcalls.voice.bland.transcript import turns_of
from batchcalls.voice.errors import WebhookUnreadable
from campaigns.vocabulary import AnsweredBy, Disposition

C = CallStatus

#: ``status`` -> ours; used once a call has ended.
_ENDINGS: Mapping[str, CallStatus] = {
    "completed": C.COMPLETED,
    "complete": C.COMPLETED,
    "failed": C.FAILED,
    "busy": C.BUSY,
    "no-answer": C.NO_ANSWER,
    "canceled": C.CANCELED,
    "cancelled": C.CANCELED,
}
#: ``queue_status`` of a call that has not ended.
_STAGES: Mapping[str, CallStatus] = {
    "new": C.QUEUED,
    "queued": C.QUEUED,
    "pre-started": C.QUEUED,
    "allocated": C.QUEUED,
    "started": C.IN_PROGRESS,
}
#: ``queue_status`` of a call that has ended; ``complete_error`` is about later processing.
_OVER = frozenset({"complete", "completed", "complete_error"})
_BROKEN = frozenset({"pre_queue_error", "queue_error", "call_error"})

_ANSWERED_BY: Mapping[str, AnsweredBy] = {
    "human": AnsweredBy.HUMAN,
    "voicemail": AnsweredBy.VOICEMAIL,
    "unknown": AnsweredBy.UNKNOWN,
    "no-answer": AnsweredBy.NO_ANSWER,
    "no_answer": AnsweredBy.NO_ANSWER,
}
#: Dispositions of calls without a conversation.
_DISPOSITIONS: Mapping[CallStatus, Disposition] = {
    C.NO_ANSWER: Disposition.NO_ANSWER,
    C.BUSY: Disposition.BUSY,
    C.FAILED: Disposition.FAILED,
    C.CANCELED: Disposition.CANCELED,
}
#: Part of the error message -> our code. The texts follow SIP 404, 480, 486 and 608.
_ERROR_CODES: Mapping[str, str] = {
    "not found": "number_not_found",
    "temporarily unavailable": "temporarily_unavailable",
    "busy": "busy",
    "blocked call": "blocked_by_carrier",
}
#: Calls last 12 hours at most; a value above one week is not a length.
_LONGEST_SECONDS = 7 * 86_400
_HIGHEST_PRICE = Decimal(1_000_000)
_PRICE_STEP = Decimal("0.00001")
_CALL_ID = re.compile(r"[\x21-\x7e]{1,100}")
_RAW_LENGTH = 60


def call_id_of(call: Mapping[str, Any]) -> str:
    """Return a call's id; blank if it has none that we could store and request."""
    call_id = reading.text(call.get("call_id")) or reading.text(call.get("c_id"))
    # These two would change the path of a URL that contains them.
    usable = _CALL_ID.fullmatch(call_id) and call_id not in {".", ".."}
    return call_id if usable else ""


def event_of(call: Mapping[str, Any], *, now: datetime | None = None) -> VoiceEvent:
    """Return the event in a call object, an in-call message or an enrichment message.

    Raise `WebhookUnreadable` when it does not name its call.
    """
    call_id = call_id_of(call)
    if not call_id:
        raise WebhookUnreadable("There is no call_id of 1 to 100 printable characters.")
    remark = _remark(call)
    status = C.UNKNOWN if remark else status_of(call)
    details = _details(call, status) if status in CALL_FINAL else None
    key = f"{remark}:{_digest(call)}" if remark else status.value
    if details is not None and details.price is not None:
        key += f":{details.price}"  # the report of a price that was missing is another event
    return VoiceEvent(
        event_key=f"{call_id}:{key}",
        provider_call_id=call_id,
        status=status,
        raw_status=remark or _raw_status(call, status),
        occurred_at=_occurred_at(call, status) or now or datetime.now(UTC),
        correlation_id=correlation_id_of(call),
        batch_id=origin_of(call).batch_id,
        to=e164_of(call.get("to")),
        answered_by=_answered_by(call, status),
        details=details,
    )


def correlation_id_of(call: Mapping[str, Any]) -> UUID | None:
    """Return our id from the metadata; None when it is missing."""
    return reading.uuid(reading.mapping(call.get("metadata")).get(CORRELATION_KEY))


def origin_of(call: Mapping[str, Any]) -> Origin:
    """Return what the metadata says about who placed a call."""
    metadata = reading.mapping(call.get("metadata"))
    return Origin(
        correlation_id=correlation_id_of(call),
        batch_id=reading.uuid(metadata.get(BATCH_KEY)),
        is_known=has_metadata(call),
    )


def e164_of(number: Any) -> str:
    """Return a number with its plus; documented examples omit a leading +1."""
    text = reading.text(number, at_most=16)
    if not text or text.startswith("+"):
        return text
    return f"+1{text}" if len(text) == 10 else f"+{text}"


def has_metadata(call: Mapping[str, Any]) -> bool:
    """Return whether a call object includes its metadata, so that ours would be there."""
    return isinstance(call.get("metadata"), dict)


def is_waiting(call: Mapping[str, Any]) -> bool:
    """Return whether a call has not begun, so that it can be withdrawn."""
    waits = _STAGES.get(_word(call, "queue_status")) is C.QUEUED
    return waits and call.get("completed") is not True


def _remark(call: Mapping[str, Any]) -> str:
    """Return the kind of a message that is not a call report, else "".

    Only in-call events have a category; enrichments have a type or evaluations.
    """
    if category := _word(call, "category"):
        return f"event.{category}"[:_RAW_LENGTH]
    if kind := _word(call, "event_type"):
        return f"enrichment.{kind}"[:_RAW_LENGTH]
    if "evals" in call and not (_word(call, "status") or _word(call, "queue_status")):
        return "enrichment.evals"
    return ""


def _digest(call: Mapping[str, Any]) -> str:
    """Return a digest that identifies a message without an id."""
    canonical = dumps(call, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()[:32]


def status_of(call: Mapping[str, Any]) -> CallStatus:
    """Return the status of a call.

    1. It has ended if ``completed``, the most current field, or its stage says so.
    2. At a stage before the end it has not ended, whatever the other fields say.
    3. Without a known stage, its ``status`` decides.
    """
    stage, ending = _word(call, "queue_status"), _ENDINGS.get(_word(call, "status"))
    if call.get("completed") is True or stage in _OVER:
        return _ended(call, ending, broken=False)
    if stage in _BROKEN:
        return _ended(call, ending, broken=True)
    if stage in _STAGES:
        return _STAGES[stage]
    if ending is not None:
        return _ended(call, ending, broken=False)
    return _STAGES.get(_word(call, "status").replace("in-progress", "started"), C.UNKNOWN)


def _ended(call: Mapping[str, Any], ending: CallStatus | None, *, broken: bool) -> CallStatus:
    """Return the final status; a call that was picked up is completed."""
    who = _ANSWERED_BY.get(_word(call, "answered_by"))
    if ending is not None and (ending, who) != (C.COMPLETED, AnsweredBy.NO_ANSWER):
        return ending
    if who is AnsweredBy.NO_ANSWER:
        return C.NO_ANSWER
    if broken:
        return C.FAILED
    if who in {AnsweredBy.HUMAN, AnsweredBy.VOICEMAIL} or _duration(call) > 0:
        return C.COMPLETED
    return C.FAILED


def _answered_by(call: Mapping[str, Any], status: CallStatus) -> str:
    word = _word(call, "answered_by")
    who = _ANSWERED_BY.get(word, AnsweredBy.UNKNOWN if word else None)
    if status is C.NO_ANSWER:
        return AnsweredBy.NO_ANSWER.value
    if who is None or status in {C.QUEUED, C.UNKNOWN}:
        return ""
    if who in {AnsweredBy.HUMAN, AnsweredBy.VOICEMAIL} or status is C.COMPLETED:
        return who.value
    return ""


def _raw_status(call: Mapping[str, Any], status: CallStatus) -> str:
    """Return the provider's own word for the status, for people who know its vocabulary."""
    stage, ending = _word(call, "queue_status"), _word(call, "status")
    word = (ending or stage) if status in CALL_FINAL else (stage or ending)
    return word[:_RAW_LENGTH] or "unknown"


def _occurred_at(call: Mapping[str, Any], status: CallStatus) -> datetime | None:
    created, started = _instant(call, "created_at"), _instant(call, "started_at")
    if status not in CALL_FINAL:
        return (
            (started or created)
            if status is C.IN_PROGRESS
            else (created or _instant(call, "timestamp"))
        )
    if ended := _instant(call, "end_at"):
        return ended
    begun = started or created
    return begun + timedelta(seconds=_duration(call)) if begun else None


def _details(call: Mapping[str, Any], status: CallStatus) -> CallDetails:
    started = _instant(call, "started_at") or _instant(call, "created_at")
    duration = _duration(call)
    message = reading.text(call.get("error_message"), at_most=2_000)
    message = "" if message.lower() == "unknown" else message
    return CallDetails(
        duration_seconds=duration,
        transcript=turns_of(call, started_at=started, duration_seconds=duration),
        summary=reading.text(call.get("summary")),
        disposition=reading.text(call.get("disposition_tag"), at_most=100)
        or _DISPOSITIONS.get(status, ""),
        variables={
            **reading.mapping(call.get("request_data")),
            **reading.mapping(call.get("variables")),
        },
        extracted=reading.mapping(call.get("analysis")),
        recording_url=_recording_url(call),
        price=_price(call),
        currency="USD",
        error_code=_error_code(call, message) if status is C.FAILED else "",
        error_message=message,
    )


def _duration(call: Mapping[str, Any]) -> int:
    """Return whole seconds: the corrected duration in seconds, else the length in minutes."""
    seconds = reading.number(call.get("corrected_duration"))
    if seconds is None:
        minutes = reading.number(call.get("call_length"))
        seconds = minutes * 60 if minutes is not None else Decimal(0)
    whole = int(seconds.to_integral_value(ROUND_HALF_UP))
    return whole if 0 <= whole <= _LONGEST_SECONDS else 0


def _price(call: Mapping[str, Any]) -> Decimal | None:
    price = reading.number(call.get("price"))
    if price is None or not 0 <= price < _HIGHEST_PRICE:
        return None
    # No charge is below a thousandth of a cent; further digits are float noise.
    return price.quantize(_PRICE_STEP, ROUND_HALF_UP)


def _error_code(call: Mapping[str, Any], message: str) -> str:
    lowered = message.lower()
    known = next((code for part, code in _ERROR_CODES.items() if part in lowered), "")
    stage = _word(call, "queue_status")
    return known or (stage if stage in _BROKEN else "call_failed")


def _recording_url(call: Mapping[str, Any]) -> str:
    """Return the URL of the recording, only if it is a web URL, since people will follow it."""
    url = reading.text(call.get("recording_url"))
    return url if len(url) <= 500 and re.fullmatch(r"https?://\S+", url) else ""


def _instant(call: Mapping[str, Any], name: str) -> datetime | None:
    return reading.instant(call.get(name))


def _word(call: Mapping[str, Any], name: str) -> str:
    return reading.text(call.get(name), at_most=200).lower()
