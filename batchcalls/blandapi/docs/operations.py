"""What each view of the Bland-compatible API does, for the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batchcalls.blandapi.batch_calls import MOST_CALLS
from batchcalls.blandapi.batches import DEFAULT_V2, MOST_V1, MOST_V2
from batchcalls.blandapi.call_list import MOST, SORTS
from batchcalls.blandapi.docs.schemas import Schema
from batchcalls.webhooks.bland_shapes import ANSWERED_BY

_FLAG: Schema = {"type": "boolean"}
_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_INDEX: Schema = {"type": "integer", "minimum": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A view. ``body`` and ``answer`` are components; ``query`` has (description, schema)."""

    tag: str
    summary: str
    description: str
    answer: str
    body: str = ""
    query: Mapping[str, tuple[str, Schema]] | None = None
    #: Media types of a response that is no JSON, or may be something else besides.
    sound: bool = False
    #: Statuses of errors beyond those that every operation has.
    refusals: tuple[int, ...] = ()


def _moment(text: str) -> tuple[str, Schema]:
    return f"{text} ISO 8601, or a day; without an offset in `timezone`.", _TEXT


_SLICE: dict[str, tuple[str, Schema]] = {
    "from": ("Index of the first row.", _INDEX),
    "to": ("Index after the last row.", _INDEX),
    "ascending": ("Oldest first.", _FLAG),
}
_PAGE: dict[str, tuple[str, Schema]] = {
    "take": (
        "Rows to return.",
        {"type": "integer", "minimum": 1, "maximum": MOST_V2, "default": DEFAULT_V2},
    ),
    "skip": ("Rows to leave out.", _INDEX),
}
_CAMPAIGN = ("Name of a campaign of this site, or your own label.", _TEXT)


def _limit(most: int) -> tuple[str, dict[str, Any]]:
    return "Rows at most.", {"type": "integer", "minimum": 0, "maximum": most, "default": most}


_CALLS_OF_PAGE = {"from": ("Index of the first call.", _INDEX), "limit": _limit(MOST_CALLS)}
_BATCHES, _CALLS, _REPORTS, _ACCOUNT = "batches", "calls", "reports", "account"
#: By module and name of the view, without underscores before it.
OPERATIONS: Mapping[str, Operation] = {
    "batches.create": Operation(
        tag=_BATCHES,
        summary="Send a batch",
        description="Accepts `call_data`, `call_objects`, or `calls`, and starts calling.",
        body="SendBatch",
        answer="BatchSent",
    ),
    "batches.list": Operation(
        tag=_BATCHES,
        summary="List batches",
        description="Newest first. Single calls are not in it.",
        query={**_SLICE, "limit": _limit(MOST_V1), "campaign_id": _CAMPAIGN},
        answer="Batches",
    ),
    "batches.list_v2": Operation(
        tag=_BATCHES,
        summary="List batches, in the second generation's shape",
        description="Newest first, each with its first recipients.",
        query=_PAGE,
        answer="BatchesV2",
    ),
    "batch_calls.details": Operation(
        tag=_BATCHES,
        summary="Get a batch and its calls",
        description="With the figures of all its calls, and a page of them.",
        query={
            **_CALLS_OF_PAGE,
            "include_calls": ("Whether the calls are returned; true by default.", _FLAG),
            "include_transcripts": ("Whether their transcripts are; true by default.", _FLAG),
            "include_analysis": ("Whether the figures are; true by default.", _FLAG),
        },
        answer="Batch",
    ),
    "batches.details_v2": Operation(
        tag=_BATCHES,
        summary="Get a batch, in the second generation's shape",
        description="With its first recipients and how many calls it has.",
        answer="BatchV2",
    ),
    "batches.stop_v1": Operation(
        tag=_BATCHES,
        summary="Stop a batch and end its live calls",
        description="Calls that were not placed are not placed.",
        answer="BatchStopped",
        refusals=(409,),
    ),
    "batches.stop_v2": Operation(
        tag=_BATCHES,
        summary="Stop a batch and let its live calls end",
        description="Calls that were not placed are not placed.",
        answer="BatchStopped",
        refusals=(409,),
    ),
    "batch_calls.analyze": Operation(
        tag=_BATCHES,
        summary="Ask questions about the calls of a batch",
        description="Answers come from extracted fields, summary, and outcome of each call.",
        query=_CALLS_OF_PAGE,
        body="Questions",
        answer="BatchAnswers",
    ),
    "batch_calls.analyses": Operation(
        tag=_BATCHES,
        summary="Get what is known about the calls of a batch",
        description="Every extracted field, the summary, and the outcome of each finished call.",
        query=_CALLS_OF_PAGE,
        answer="BatchFacts",
    ),
    "batch_logs.logs": Operation(
        tag=_BATCHES,
        summary="Get the log of a batch",
        description="Changes of its status, and the rows that were not called, with reasons.",
        query={
            **_PAGE,
            "direction": (
                "Oldest or newest first.",
                {"type": "string", "enum": ["asc", "desc"], "default": "desc"},
            ),
        },
        answer="BatchLog",
    ),
    "calls.send": Operation(
        tag=_CALLS,
        summary="Send a call",
        description="A call that would be skipped is refused, with the reason.",
        body="SendCall",
        answer="CallSent",
    ),
    "calls.list": Operation(
        tag=_CALLS,
        summary="List calls",
        description="Newest first, without transcripts.",
        query={
            **_SLICE,
            "limit": _limit(MOST),
            "sort_by": ("What they are sorted by.", {"type": "string", "enum": list(SORTS)}),
            "from_number": ("The number that was shown.", _TEXT),
            "to_number": ("The number that was called.", _TEXT),
            "created_at": _moment("Accepted on this day."),
            "start_date": _moment("Accepted at this time or later."),
            "end_date": _moment("Accepted at this time or earlier."),
            "update_start_date": _moment("Last changed at this time or later."),
            "update_end_date": _moment("Last changed at this time or earlier."),
            "timezone": ("Time zone of the days (IANA name); UTC by default.", _TEXT),
            "completed": ("Whether the call is over.", _FLAG),
            "inbound": ("True matches no call.", _FLAG),
            "answered_by": (f"One of {', '.join(ANSWERED_BY.values())}, machine.", _TEXT),
            "duration_gt": ("Longer than these minutes.", _NUMBER),
            "duration_lt": ("Shorter than these minutes.", _NUMBER),
            "batch_id": ("ID of the batch.", _TEXT),
            "campaign_id": _CAMPAIGN,
        },
        answer="Calls",
    ),
    "calls.details": Operation(
        tag=_CALLS,
        summary="Get a call",
        description="With its transcript.",
        answer="Call",
    ),
    "calls.details_of_body": Operation(
        tag=_CALLS,
        summary="Get the call that the body names",
        description="As earlier versions of the API did.",
        body="CallOfBody",
        answer="Call",
        refusals=(404,),
    ),
    "call_events.events": Operation(
        tag=_CALLS,
        summary="List the events of a call",
        description="All events so far. Ask again for more; no stream stays open.",
        answer="CallEvents",
    ),
    "calls.stop": Operation(
        tag=_CALLS,
        summary="End a call",
        description="A call that was not placed is not placed.",
        answer="CallStopped",
    ),
    "calls.stop_of_body": Operation(
        tag=_CALLS,
        summary="End the call that the body names",
        description="As earlier versions of the API did.",
        body="CallOfBody",
        answer="CallStopped",
        refusals=(404,),
    ),
    "calls.active": Operation(
        tag=_CALLS,
        summary="List active calls",
        description="Live calls and single calls that wait.",
        answer="ActiveCalls",
    ),
    "calls.stop_active": Operation(
        tag=_CALLS,
        summary="End all active calls",
        description="Live calls and single calls that wait.",
        answer="ActiveStopped",
    ),
    "calls.analyze": Operation(
        tag=_CALLS,
        summary="Ask questions about a call",
        description="Answers come from extracted fields, summary, and outcome.",
        body="Questions",
        answer="CallAnswers",
    ),
    "calls.correct": Operation(
        tag=_CALLS,
        summary="Get the transcript of a call",
        description="The transcript of the call itself, uncorrected.",
        answer="Corrected",
    ),
    "recording.recording": Operation(
        tag=_CALLS,
        summary="Get the recording of a call",
        description="In full, or in the part that a Range header names.",
        answer="",
        sound=True,
    ),
    "recording.recording_or_place": Operation(
        tag=_CALLS,
        summary="Get the recording of a call, or its URL",
        description="The recording if `Accept` asks for audio, else its URL.",
        answer="RecordingUrl",
        sound=True,
    ),
    "postcall.log": Operation(
        tag=_REPORTS,
        summary="Get the report of a call",
        description="With each attempt to send it.",
        answer="Report",
    ),
    "postcall.resend": Operation(
        tag=_REPORTS,
        summary="Resend reports",
        description="The same bytes, to the same URLs.",
        body="Reports",
        answer="ReportsSent",
        refusals=(404,),
    ),
    "postcall.create": Operation(
        tag=_REPORTS,
        summary="Report calls to another URL",
        description="The URL must be on an allowed host.",
        body="NewReports",
        answer="ReportsSent",
        refusals=(404,),
    ),
    "accounts.me": Operation(
        tag=_ACCOUNT,
        summary="Check the key",
        description="Works with any key.",
        answer="Me",
    ),
    "accounts.voices": Operation(
        tag=_ACCOUNT,
        summary="List voices",
        description="Those that campaigns use, and those that the provider offers to everyone.",
        answer="Voices",
    ),
}
TAGS = {
    _BATCHES: "Batches: send, follow, and stop them.",
    _CALLS: "Single calls, and every attempt of a batch.",
    _REPORTS: "Reports of finished calls, which webhooks receive.",
    _ACCOUNT: "The key, and what it can use.",
}
