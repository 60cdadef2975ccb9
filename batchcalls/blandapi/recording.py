"""The recording of a call: the audio, or its URL."""

from __future__ import annotations

from typing import NoReturn

from django.http import JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from batchcalls.access import audit
from batchcalls.blandapi import known_calls
from batchcalls.blandapi.accounts import READ_CALLS
from batchcalls.blandapi.errors import Refused
from batchcalls.blandapi.views import Action, Asked, door
from batchcalls.models import CallResult
from batchcalls.voice import recordings


def _recording(asked: Asked, call_id: str) -> HttpResponseBase:
    """Relay the audio from the provider, in full or in the range that a player requests."""
    url = _url(call_id)
    try:
        sound = recordings.fetch(url, wanted=asked.http.headers.get("Range", ""))
    except recordings.NoRecording as problem:
        _missing(f"The recording cannot be fetched. {problem}")
    return StreamingHttpResponse(
        sound,
        status=sound.status,
        content_type=sound.content_type or "application/octet-stream",
        headers=sound.headers,
    )


def _recording_or_place(asked: Asked, call_id: str) -> HttpResponseBase:
    """Return the audio to a client that accepts it, and its URL to any other."""
    if "audio/" in asked.http.headers.get("Accept", ""):
        return _recording(asked, call_id)
    return JsonResponse({"status": "success", "url": _url(call_id)})


def _url(call_id: str) -> str:
    found = known_calls.find(call_id)
    if not isinstance(found, CallResult) or not found.recording_url:
        _missing("This call has no recording.")
    audit.viewed([found], audit.RECORDING)
    return found.recording_url


def _missing(text: str) -> NoReturn:
    raise Refused(404, "CALL_RECORDING_NOT_FOUND", text)


recording = door(GET=Action(view=_recording, need=READ_CALLS))
recording_or_place = door(GET=Action(view=_recording_or_place, need=READ_CALLS))
