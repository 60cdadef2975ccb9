"""The schemas of responses. Shapes: `batch_shapes`, `known_calls`, and `webhooks.bland_shapes`."""

from __future__ import annotations

from typing import Any

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
from batchcalls.blandapi.known_calls import LISTED
from batchcalls.webhooks.bland_shapes import ANSWERED_BY

_MOMENT = {"type": "string", "format": "date-time"}
_NULL: dict[str, Any] = {"nullable": True}
#: A member that is always null here, which some clients expect to exist.
_NOTHING: dict[str, Any] = {"type": "string", "nullable": True}
_ERRORS = array(
    "What is wrong with each part of a request; null if nothing.", ref("Error"), **_NULL
)
_WARNINGS = array("What was ignored, replaced, or is delayed.", {"type": "string"})
_STATUS = text("`success`.")
_MESSAGE = text("What was done, in words.")


def _moment(description: str, **more: Any) -> Schema:
    return {**_MOMENT, "description": description, **more}


_CALL: dict[str, Schema] = {
    "call_id": text("ID of the call."),
    "c_id": text("ID of the call."),
    "batch_id": text("ID of its batch. A single call is a batch of one."),
    "to": text("The number that is called, in E.164."),
    "from": text("The number that is shown, in E.164; blank until it is chosen."),
    "inbound": flag("Always false."),
    "completed": flag("Whether the call is over."),
    "status": text("Status of the call."),
    "queue_status": text("Status of the call in the queue."),
    "error_message": text("Why the call failed, in words; blank if it did not.", **_NULL),
    "answered_by": text("Who answered.", enum=list(dict.fromkeys(ANSWERED_BY.values()))),
    "created_at": _moment("When the call was accepted."),
    "started_at": _moment("When it was answered, or else placed; null until then.", **_NULL),
    "end_at": _moment("When it ended; null until then.", **_NULL),
    "call_length": number("Minutes of conversation."),
    "corrected_duration": text("Seconds of conversation."),
    "max_duration": number("Minutes after which it ends."),
    "endpoint_url": text("Address of this site."),
    "request_data": mapping("Variables of the recipient, as texts."),
    "metadata": mapping("Data that was sent with the call."),
    "variables": mapping("Variables at the end of the call, as texts."),
    "summary": text("Summary of the conversation."),
    "disposition_tag": text("Outcome of the conversation; null without one.", **_NULL),
    "analysis": mapping("Fields that were extracted; null without any.", **_NULL),
    "concatenated_transcript": text("What was said, as one text."),
    "transcripts": array("What was said, phrase by phrase.", ref("Phrase")),
    "record": flag("Whether it is recorded."),
    "recording_url": text("URL of the recording; null without one.", **_NULL),
    "price": number("What the provider charges; null until that is known.", **_NULL),
    "local_dialing": flag("Always false."),
    "call_ended_by": {**_NOTHING, "description": "Not known here."},
    "pathway_id": text("ID of the pathway; null without one.", **_NULL),
    "pathway_version": text("Version of the pathway; null without one.", **_NULL),
    "pathway_logs": {**_NOTHING, "description": "Not known here."},
    "voice_id": text("The voice; null for the provider's choice.", **_NULL),
    "transferred_to": {**_NOTHING, "description": "Not known here."},
    "transferred_at": {**_NOTHING, "description": "Not known here."},
    "citations": array("Always empty.", {"type": "string"}),
    "warm_transfer_call": {**_NOTHING, "description": "Not known here."},
    "is_proxy_agent_call": flag("Always false."),
    "is_canary": {**_NOTHING, "description": "Not known here."},
}
_BATCH_V1: dict[str, Schema] = {
    "campaign_id": text("Name of the campaign, or your own label."),
    "created_at": _moment("When it was created."),
    "label": text("Name of the batch."),
    "base_prompt": text("The prompt; blank with a pathway."),
    "endpoint_code": text("Always `api`."),
    "call_params": mapping("Parameters of all calls, without those that may hold secrets."),
}
_BATCH_ID = text("ID of the batch.")
_BATCH_V2: dict[str, Schema] = {
    "id": _BATCH_ID,
    "user_id": text("ID of the user who created it."),
    "base_prompt": text("Parameters of all calls, as JSON."),
    "created_at": _moment("When it was created."),
    "call_objects": array("Its first recipients.", mapping("A recipient with its parameters.")),
    "description": text("Name of the batch."),
    "status": text("Status of the batch."),
}
_COUNTS: dict[str, Schema] = {
    "calls_total": whole("Rows of the batch."),
    "calls_successful": whole("Rows whose call was processed."),
    "calls_failed": whole("Rows that were skipped or failed."),
}
_SENT: dict[str, Schema] = {"status": _STATUS, "message": _MESSAGE}
_ANSWERS: dict[str, Schema] = {**_SENT, "credits_used": number("Always 0: no model is asked.")}
_ANSWER = array(
    "An answer to each question; null if the call does not have it.",
    {"anyOf": [*({"type": kind} for kind in ("string", "number", "boolean")), {"enum": [None]}]},
)


def responses() -> dict[str, Schema]:
    """Return the components that responses consist of."""
    return {
        **_of_calls(),
        **_of_batches(),
        "Error": record(
            "One thing that is wrong.",
            {"error": text("What is wrong, for programs."), "message": text("The same in words.")},
        ),
        "Refusal": record(
            "An error. Nothing was changed.",
            {
                "status": text("`error`, or `DNC Error` for a number on the do-not-call list."),
                "message": text("What is wrong, in words."),
                "data": {**_NOTHING, "description": "Always null."},
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
                        "refill_to": {**_NOTHING, "description": "Always null."},
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
                        "call_id": _CALL["call_id"],
                        "user_id": text("ID of the user who asks."),
                        "created_at": _moment("When the call ended."),
                        "metadata": array(
                            "Each attempt to send it.",
                            record(
                                "An attempt.",
                                {
                                    "sent_at": _moment("When it was made."),
                                    "response_code": whole("HTTP status; null if none.", **_NULL),
                                    "response_time": text("How long it took, such as `12ms`."),
                                    "send_type": text("`spawn`, or `resend`."),
                                },
                            ),
                        ),
                    },
                ),
                "errors": _ERRORS,
            },
        ),
        "ReportsSent": record(
            "Which reports are sent.",
            {
                "status": _STATUS,
                "data": record(
                    "What was done.",
                    {"message": _MESSAGE, "call_ids": array("Their calls.", {"type": "string"})},
                ),
                "errors": _ERRORS,
            },
        ),
        "RecordingUrl": record(
            "Where the recording is.",
            {"status": _STATUS, "url": text("URL at the provider.", format="uri")},
        ),
    }


def _of_calls() -> dict[str, Schema]:
    return {
        "Call": record("A call.", _CALL),
        "ListedCall": record(
            "A call in a list.", {name: one for name, one in _CALL.items() if name in LISTED}
        ),
        "Phrase": record(
            "What one side said.",
            {
                "id": whole("ID of the phrase."),
                "created_at": _moment("When it was said."),
                "text": text("What was said."),
                "user": text("Who spoke: `assistant` or `user`."),
                "c_id": _CALL["call_id"],
                "status": {**_NOTHING, "description": "Not known here."},
                "transcript_id": {**_NOTHING, "description": "Not known here."},
            },
        ),
        "CallSent": record(
            "The call was accepted.",
            {
                **_SENT,
                "call_id": _CALL["call_id"],
                "batch_id": {**_NOTHING, "description": "Always null."},
                "warnings": _WARNINGS,
            },
        ),
        "Calls": record(
            "A page of calls.",
            {
                "total_count": whole("Calls that match."),
                "count": whole("Calls in this response."),
                "calls": array("The calls.", ref("ListedCall")),
            },
        ),
        "CallStopped": record("The call was ended.", _SENT),
        "ActiveCalls": record(
            "Calls that are live or waiting.",
            {
                "data": array(
                    "The calls, newest first.",
                    record(
                        "A call.",
                        {
                            "call_id": _CALL["call_id"],
                            "user_id": text("ID of the user who created it."),
                            "from": _CALL["from"],
                            "to": _CALL["to"],
                            "objective": text("The prompt."),
                            "pathway_id": _CALL["pathway_id"],
                            "start_time": _moment("When it starts or started."),
                            "international": text("`false` for numbers that begin with +1."),
                            "status": text("`QUEUED` or `IN_PROGRESS`."),
                            "timestamp": whole("When it was placed, in milliseconds since 1970."),
                        },
                    ),
                ),
                "errors": _ERRORS,
            },
        ),
        "ActiveStopped": record(
            "The calls were ended.", {**_SENT, "num_calls": whole("How many there were.")}
        ),
        "CallAnswers": record("Answers about a call.", {**_ANSWERS, "answers": _ANSWER}),
        "Corrected": record(
            "The transcript of a call.",
            {
                **_SENT,
                "corrected": array(
                    "The transcript, with times.",
                    record(
                        "A phrase.",
                        {
                            "start": number("Seconds after the answer."),
                            "end": number("Seconds after the answer."),
                            "text": text("What was said."),
                            "speaker": whole("0 for the agent, 1 for the person."),
                            "speaker_label": text("`assistant` or `user`."),
                            "confidence": {**_NOTHING, "description": "Not known here."},
                        },
                    ),
                ),
                "aligned": array("Always empty.", {"type": "string"}),
                "original": array("The same, as in the call.", ref("Phrase")),
            },
        ),
    }


def _of_batches() -> dict[str, Schema]:
    lengths = {
        "average": number("Average minutes."),
        "average_nonzero": number("Average minutes of calls with a conversation."),
        "summary": mapping("Calls by their minutes."),
        "all": array("The minutes of each call.", {"type": "number"}),
    }
    sent = {
        **_SENT,
        "batch_id": _BATCH_ID,
        "data": record("The batch.", {"batch_id": _BATCH_ID}),
        "errors": {**_NOTHING, "description": "Always null."},
        "warnings": _WARNINGS,
    }
    test_mode = {"test_mode": mapping("How the request was understood, in test mode.")}
    return {
        "BatchSent": record("The batch was accepted.", {**sent, **test_mode}, required=list(sent)),
        "Batches": record(
            "Batches, newest first.",
            {
                "status": _STATUS,
                "batches": array(
                    "The batches.", record("A batch.", {"batch_id": _BATCH_ID, **_BATCH_V1})
                ),
            },
        ),
        "BatchesV2": record(
            "Batches, newest first.",
            {"data": array("The batches.", record("A batch.", _BATCH_V2)), "errors": _ERRORS},
        ),
        "BatchV2": record(
            "A batch.",
            {"data": record("The batch.", {**_BATCH_V2, **_COUNTS}), "errors": _ERRORS},
        ),
        "Batch": record(
            "A batch and its calls.",
            {
                "status": text("`completed` or `in-progress`."),
                "batch_params": record("The batch.", {"id": _BATCH_ID, **_BATCH_V1}),
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
                        _CALL,
                        required=[
                            name
                            for name in _CALL
                            if name not in {"transcripts", "concatenated_transcript"}
                        ],
                    ),
                ),
            },
        ),
        "BatchStopped": record(
            "The batch was stopped.",
            {
                **_SENT,
                "num_calls": whole("Calls that are not placed, or were ended."),
                "batch_id": _BATCH_ID,
                "data": {**_NOTHING, "description": "Always null."},
                "errors": {**_NOTHING, "description": "Always null."},
            },
        ),
        "BatchAnswers": record(
            "Answers about each call.",
            {
                **_ANSWERS,
                "answers": {
                    "type": "object",
                    "description": "The answers, by the ID of the call.",
                    "additionalProperties": _ANSWER,
                },
            },
        ),
        "BatchFacts": record(
            "What is known about each call.",
            {
                **_SENT,
                "analysis": array(
                    "The calls.",
                    record(
                        "A call.",
                        {
                            "call_id": _CALL["call_id"],
                            "batch_id": _BATCH_ID,
                            "goal": text("Always blank."),
                            "answers": _ANSWER,
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
                            "batch_id": _BATCH_ID,
                            "org_id": text("ID of the user who created the batch."),
                            "event_type": text("`lifecycle`, `error`, or `complete`."),
                            "timestamp": _moment("When it happened."),
                            "payload": mapping("What happened."),
                        },
                    ),
                ),
                "errors": _ERRORS,
            },
        ),
    }
