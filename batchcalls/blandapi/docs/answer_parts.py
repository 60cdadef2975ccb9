"""Parts of the schemas of responses that calls and batches share."""

from __future__ import annotations

from typing import Any

from batchcalls.blandapi.docs.schemas import (
    Schema,
    array,
    number,
    ref,
    text,
)

MOMENT = {"type": "string", "format": "date-time"}
NULL: dict[str, Any] = {"nullable": True}
#: A member that is always null here, which some clients expect to exist.
NOTHING: dict[str, Any] = {"type": "string", "nullable": True}
ERRORS = array("What is wrong with each part of a request; null if nothing.", ref("Error"), **NULL)
WARNINGS = array("What was ignored, replaced, or is delayed.", {"type": "string"})
STATUS = text("`success`.")
MESSAGE = text("What was done, in words.")


def moment(description: str, **more: Any) -> Schema:
    """Return the schema of a point in time."""
    return {**MOMENT, "description": description, **more}


SENT: dict[str, Schema] = {"status": STATUS, "message": MESSAGE}
ANSWERS: dict[str, Schema] = {**SENT, "credits_used": number("Always 0: no model is used.")}
ANSWER = array(
    "An answer to each question; null if the call does not have it.",
    {"anyOf": [*({"type": kind} for kind in ("string", "number", "boolean")), {"enum": [None]}]},
)
BATCH_ID = text("ID of the batch.")
