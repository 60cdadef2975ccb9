"""The schemas of responses about batches. Shapes: `batch_shapes`."""

from __future__ import annotations

from batchcalls.blandapi.docs.answer_parts import (
    ANSWER,
    ANSWERS,
    BATCH_ID,
    ERRORS,
    NOTHING,
    NULL,
    SENT,
    STATUS,
    WARNINGS,
    moment,
)
from batchcalls.blandapi.docs.call_answers import CALL
from batchcalls.blandapi.docs.schemas import (
    Schema,
    array,
    mapping,
    number,
    record,
    text,
    whole,
)

_BATCH_V1: dict[str, Schema] = {
    "campaign_id": text("Name of the campaign, or your own label."),
    "created_at": moment("When it was created."),
    "label": text("Name of the batch."),
    "base_prompt": text("The prompt; blank with a pathway."),
    "endpoint_code": text("Always `api`."),
    "call_params": mapping("Parameters of all calls, without those that may hold secrets."),
}
_BATCH_V2: dict[str, Schema] = {
    "id": BATCH_ID,
    "user_id": text("ID of the user who created it."),
    "base_prompt": text("Parameters of all calls, as JSON."),
    "created_at": moment("When it was created."),
    "call_objects": array("Its first recipients.", mapping("A recipient with its parameters.")),
    "description": text("Name of the batch."),
    "status": text("Status of the batch."),
}
_COUNTS: dict[str, Schema] = {
    "calls_total": whole("Rows of the batch."),
    "calls_successful": whole("Rows whose call was processed."),
    "calls_failed": whole("Rows that were skipped or failed."),
}
#: Of responses that have a page of a batch's calls.
_PLACE: dict[str, Schema] = {
    "total_count": whole("How many calls there are."),
    "count": whole("How many of them are here."),
    "next_from": whole("Index of the next page; null on the last one.", **NULL),
}


def of_batches() -> dict[str, Schema]:
    """Return the components about batches."""
    lengths = {
        "average": number("Average minutes."),
        "average_nonzero": number("Average minutes of calls with a conversation."),
        "summary": mapping("Calls by their minutes."),
        "all": array("The minutes of each call.", {"type": "number"}),
    }
    sent = {
        **SENT,
        "batch_id": BATCH_ID,
        "data": record("The batch.", {"batch_id": BATCH_ID}),
        "errors": {**NOTHING, "description": "Always null."},
        "warnings": WARNINGS,
    }
    test_mode = {"test_mode": mapping("How the request was understood, in test mode.")}
    return {
        "BatchSent": record("The batch was accepted.", {**sent, **test_mode}, required=list(sent)),
        "Batches": record(
            "Batches, newest first.",
            {
                "status": STATUS,
                "batches": array(
                    "The batches.", record("A batch.", {"batch_id": BATCH_ID, **_BATCH_V1})
                ),
            },
        ),
        "BatchesV2": record(
            "Batches, newest first.",
            {"data": array("The batches.", record("A batch.", _BATCH_V2)), "errors": ERRORS},
        ),
        "BatchV2": record(
            "A batch.",
            {"data": record("The batch.", {**_BATCH_V2, **_COUNTS}), "errors": ERRORS},
        ),
        "Batch": record(
            "A batch and a page of its calls.",
            {
                **_PLACE,
                "warnings": WARNINGS,
                "status": text("`completed` or `in-progress`."),
                "batch_params": record("The batch.", {"id": BATCH_ID, **_BATCH_V1}),
                "analysis": {
                    "type": "object",
                    "description": "Figures of its calls; empty if they were not asked for.",
                    "properties": {
                        "total_calls": whole("Rows of the batch."),
                        "completed_calls": whole("Rows with a final result."),
                        "in_progress_calls": whole("Rows that are waiting or live."),
                        "queue_statuses": mapping("Calls by their `queue_status`."),
                        "call_lengths": record("How long the calls took.", lengths),
                        "call_ids": array("IDs of its calls.", {"type": "string"}),
                        "error_messages": array("Why calls failed.", {"type": "string"}),
                        "endpoints": mapping("Calls by the address of the site."),
                    },
                },
                "call_data": array(
                    "Its calls; empty if they were not asked for.",
                    record(
                        "A call.",
                        CALL,
                        required=[
                            name
                            for name in CALL
                            if name not in {"transcripts", "concatenated_transcript"}
                        ],
                    ),
                ),
            },
            # Those of the page are left out with the calls.
            required=["status", "batch_params", "analysis", "call_data"],
        ),
        "BatchStopped": record(
            "The batch was stopped.",
            {
                **SENT,
                "num_calls": whole("Calls that are not placed, or were ended."),
                "batch_id": BATCH_ID,
                "data": {**NOTHING, "description": "Always null."},
                "errors": {**NOTHING, "description": "Always null."},
            },
        ),
        "BatchAnswers": record(
            "Answers about each call of a page.",
            {
                **ANSWERS,
                **_PLACE,
                "answers": {
                    "type": "object",
                    "description": "The answers, by the ID of the call.",
                    "additionalProperties": ANSWER,
                },
            },
        ),
        "BatchFacts": record(
            "What is known about each call of a page.",
            {
                **SENT,
                **_PLACE,
                "analysis": array(
                    "The calls.",
                    record(
                        "A call.",
                        {
                            "call_id": CALL["call_id"],
                            "batch_id": BATCH_ID,
                            "goal": text("Always blank."),
                            "answers": ANSWER,
                            "questions": array(
                                "Names of the facts, each with its type.",
                                {"type": "array", "items": {"type": "string"}},
                            ),
                        },
                    ),
                ),
            },
        ),
        "BatchLog": record(
            "The log of a batch.",
            {
                "data": array(
                    "The entries.",
                    record(
                        "An entry.",
                        {
                            "id": text("ID of the entry."),
                            "batch_id": BATCH_ID,
                            "org_id": text("ID of the user who created the batch."),
                            "event_type": text("`lifecycle`, `error`, or `complete`."),
                            "timestamp": moment("When it happened."),
                            "payload": mapping("What happened."),
                        },
                    ),
                ),
                "errors": ERRORS,
            },
        ),
    }
