"""The schemas of responses about calls. Shapes: `known_calls` and `webhooks.bland_shapes`."""

from __future__ import annotations

from batchcalls.blandapi.docs.answer_parts import (
    ANSWER,
    ANSWERS,
    ERRORS,
    NOTHING,
    NULL,
    SENT,
    WARNINGS,
    moment,
)
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

CALL: dict[str, Schema] = {
    "call_id": text("ID of the call."),
    "c_id": text("ID of the call."),
    "batch_id": text("ID of its batch. A single call is a batch of one."),
    "to": text("The number that is called, in E.164."),
    "from": text("The number that is shown, in E.164; blank until it is chosen."),
    "inbound": flag("Always false."),
    "completed": flag("Whether the call is over."),
    "status": text("Status of the call."),
    "queue_status": text("Status of the call in the queue."),
    "error_message": text("Why the call failed, in words; blank if it did not.", **NULL),
    "answered_by": text("Who answered.", enum=list(dict.fromkeys(ANSWERED_BY.values()))),
    "created_at": moment("When the call was accepted."),
    "started_at": moment("When it was answered, or else placed; null until then.", **NULL),
    "end_at": moment("When it ended; null until then.", **NULL),
    "call_length": number("Minutes of conversation."),
    "corrected_duration": text("Seconds of conversation."),
    "max_duration": number("Minutes after which it ends."),
    "endpoint_url": text("Address of this site."),
    "request_data": mapping("Variables of the recipient, as texts."),
    "metadata": mapping("Data that was sent with the call."),
    "variables": mapping("Variables at the end of the call, as texts."),
    "summary": text("Summary of the conversation."),
    "disposition_tag": text("Outcome of the conversation; null without one.", **NULL),
    "analysis": mapping("Fields that were extracted; null without any.", **NULL),
    "concatenated_transcript": text("What was said, as one text."),
    "transcripts": array("What was said, phrase by phrase.", ref("Phrase")),
    "record": flag("Whether it is recorded."),
    "recording_url": text("URL of the recording; null without one.", **NULL),
    "price": number("What the provider charges; null until that is known.", **NULL),
    "local_dialing": flag("Always false."),
    "call_ended_by": {**NOTHING, "description": "Not known here."},
    "pathway_id": text("ID of the pathway; null without one.", **NULL),
    "persona_id": text("ID of the persona; null without one.", **NULL),
    "agent_id": text("ID of the agent; null without one.", **NULL),
    "pathway_version": text("Version of the pathway; null without one.", **NULL),
    "pathway_logs": {**NOTHING, "description": "Not known here."},
    "voice_id": text("The voice; null for the provider's choice.", **NULL),
    "transferred_to": {**NOTHING, "description": "Not known here."},
    "transferred_at": {**NOTHING, "description": "Not known here."},
    "citations": array("Always empty.", {"type": "string"}),
    "warm_transfer_call": {**NOTHING, "description": "Not known here."},
    "is_proxy_agent_call": flag("Always false."),
    "is_canary": {**NOTHING, "description": "Not known here."},
}


def of_calls() -> dict[str, Schema]:
    """Return the components about calls."""
    return {
        "Call": record("A call.", CALL),
        "CallEvents": array(
            "The events of a call so far, oldest first.",
            record(
                "An event.",
                {
                    "level": text("`queue` before the call is placed, then `call`."),
                    "category": text("`info` or `error`."),
                    "message": text("What happened."),
                    "call_id": CALL["call_id"],
                    "timestamp": moment("When it happened."),
                },
            ),
        ),
        "ListedCall": record(
            "A call in a list.", {name: one for name, one in CALL.items() if name in LISTED}
        ),
        "Phrase": record(
            "What one side said.",
            {
                "id": whole("ID of the phrase."),
                "created_at": moment("When it was said."),
                "text": text("What was said."),
                "user": text("Who spoke: `assistant` or `user`."),
                "c_id": CALL["call_id"],
                "status": {**NOTHING, "description": "Not known here."},
                "transcript_id": {**NOTHING, "description": "Not known here."},
            },
        ),
        "CallSent": record(
            "The call was accepted.",
            {
                **SENT,
                "call_id": CALL["call_id"],
                "batch_id": {**NOTHING, "description": "Always null."},
                "warnings": WARNINGS,
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
        "CallStopped": record("The call was ended.", SENT),
        "ActiveCalls": record(
            "Calls that are live or waiting.",
            {
                "data": array(
                    "The calls, newest first.",
                    record(
                        "A call.",
                        {
                            "call_id": CALL["call_id"],
                            "user_id": text("ID of the user who created it."),
                            "from": CALL["from"],
                            "to": CALL["to"],
                            "objective": text("The prompt."),
                            "pathway_id": CALL["pathway_id"],
                            "start_time": moment("When it starts or started."),
                            "international": text("`false` for numbers that begin with +1."),
                            "status": text("`QUEUED` or `IN_PROGRESS`."),
                            "timestamp": whole("When it was placed, in milliseconds since 1970."),
                        },
                    ),
                ),
                "errors": ERRORS,
            },
        ),
        "ActiveStopped": record(
            "The calls were ended.", {**SENT, "num_calls": whole("How many there were.")}
        ),
        "CallAnswers": record("Answers about a call.", {**ANSWERS, "answers": ANSWER}),
        "Corrected": record(
            "The transcript of a call.",
            {
                **SENT,
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
                            "confidence": {**NOTHING, "description": "Not known here."},
                        },
                    ),
                ),
                "aligned": array("Always empty.", {"type": "string"}),
                "original": array("The same, as in the call.", ref("Phrase")),
            },
        ),
    }
