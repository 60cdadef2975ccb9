"""The carrier's answers, including both error formats of the Bland API."""

from __future__ import annotations

import json
from typing import Any

from tests.voice.carrier.calls import Call
from tests.voice.carrier.connection import response

THROTTLED = {"status": "error", "message": "Rate limit exceeded"}
REJECTED = {
    "status": "error",
    "message": "Invalid parameters",
    "errors": ["phone_number must be a valid phone number."],
}
BROKEN = {"status": "error", "message": "Internal server error"}
UNAUTHORIZED = {"data": None, "errors": [{"error": "AUTH_FAILURE", "message": "Unauthorized"}]}
NO_SUCH_CALL = {"status": "error", "message": "Call not found.", "errors": ["Call not found."]}
CALL_OVER = {"status": "error", "message": "SID not found for the given c_id."}


def accepted(call: Call) -> bytes:
    """Return the body for an accepted call."""
    return (
        b'{"status":"success","message":"Call successfully queued.","call_id":"%b","batch_id":null}'
        % call.call_id.encode()
    )


def as_json(status: int, value: Any, headers: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Return a complete response with a JSON body."""
    return response(status, json.dumps(value, separators=(",", ":")).encode(), headers)
