"""The schemas of responses."""

from __future__ import annotations

from batchcalls.blandapi.docs import batch_answers, call_answers
from batchcalls.blandapi.docs.answer_parts import (
    ERRORS,
    MESSAGE,
    NOTHING,
    NULL,
    STATUS,
    moment,
)
from batchcalls.blandapi.docs.call_answers import CALL
from batchcalls.blandapi.docs.schemas import (
    Schema,
    array,
    flag,
    mapping,
    number,
    record,
    ref,
    text,
    whole,
)


def responses() -> dict[str, Schema]:
    """Return the components that responses consist of."""
    return {
        **call_answers.of_calls(),
        **batch_answers.of_batches(),
        "Error": record(
            "One thing that is wrong.",
            {"error": text("What is wrong, for programs."), "message": text("The same in words.")},
        ),
        "Refusal": record(
            "An error. Nothing was changed.",
            {
                "status": text("`error`, or `DNC Error` for a number on the do-not-call list."),
                "message": text("What is wrong, in words."),
                "data": {**NOTHING, "description": "Always null."},
                "errors": array("Everything that is wrong.", ref("Error")),
            },
        ),
        "Me": record(
            "The key works.",
            {
                "status": text("`active`."),
                "billing": record(
                    "There is no balance here.",
                    {
                        "current_balance": number("Always 0."),
                        "refill_to": {**NOTHING, "description": "Always null."},
                    },
                ),
                "total_calls": whole("Calls of this site; 0 for keys that may not read calls."),
            },
        ),
        "Voices": record(
            "The voices.",
            {
                "voices": array(
                    "Those that campaigns use, and those that the provider offers to everyone.",
                    record(
                        "A voice.",
                        {
                            "id": text("Its name."),
                            "name": text("Its name."),
                            "description": text("Where it is used."),
                            "public": flag("Whether the provider offers it to everyone."),
                            "tags": array("Always empty.", {"type": "string"}),
                            "voice_id": whole("Its place in this list."),
                            "is_custom": flag("Whether only this site uses it."),
                            "reduce_latency": flag("Always false."),
                        },
                    ),
                ),
                "presets": array("Always empty.", {"type": "string"}),
            },
        ),
        "Report": record(
            "The report of a call.",
            {
                "data": record(
                    "The report.",
                    {
                        "payload": mapping("What was sent."),
                        "url": text("Where it was sent."),
                        "call_id": CALL["call_id"],
                        "user_id": text("ID of the user who asks."),
                        "created_at": moment("When the call ended."),
                        "metadata": array(
                            "Each attempt to send it.",
                            record(
                                "An attempt.",
                                {
                                    "sent_at": moment("When it was made."),
                                    "response_code": whole("HTTP status; null if none.", **NULL),
                                    "response_time": text("How long it took, such as `12ms`."),
                                    "send_type": text("`spawn`, or `resend`."),
                                },
                            ),
                        ),
                    },
                ),
                "errors": ERRORS,
            },
        ),
        "ReportsSent": record(
            "Which reports are sent.",
            {
                "status": STATUS,
                "data": record(
                    "What was done.",
                    {"message": MESSAGE, "call_ids": array("Their calls.", {"type": "string"})},
                ),
                "errors": ERRORS,
            },
        ),
        "RecordingUrl": record(
            "Where the recording is.",
            {"status": STATUS, "url": text("URL at the provider.", format="uri")},
        ),
    }
