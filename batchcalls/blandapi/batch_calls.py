"""The calls of a batch, page by page: in full, or as answers to questions.

Known clients ask for a batch without naming a page. They get its first calls, and are told how many
there are and where to go on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from batchcalls.access import audit
from batchcalls.blandapi import analysis, batch_shapes, query_values
from batchcalls.blandapi.accounts import READ_CALLS
from batchcalls.blandapi.batches import READ, find
from batchcalls.blandapi.views import Action, Asked, door
from batchcalls.models import AuditAction, Batch, CallResult
from batchcalls.models.querysets import Totals
from batchcalls.webhooks import bland_shapes

#: Calls in one answer. In full, 1,000 are about 3 MB.
MOST_CALLS = 1_000
_CHUNK = 500


class CallsOfPage:
    """The calls of a batch that a request asks for, by ``from`` (an index) and ``limit``."""

    def __init__(self, asked: Asked, batch: Batch, **fields: Any) -> None:
        query = asked.http.GET
        self.first = query_values.integer(query, "from", default=0)
        limit = query_values.integer(query, "limit", default=MOST_CALLS, most=MOST_CALLS)
        rows = CallResult.objects.counted().filter(batch=batch, **fields).order_by("pk")
        self.rows: QuerySet[CallResult] = rows[self.first : self.first + limit]
        self.total = rows.count()
        self.behind = min(self.first + limit, max(self.first, self.total))

    def __iter__(self) -> Iterator[CallResult]:
        return self.rows.iterator(chunk_size=_CHUNK)

    @property
    def place(self) -> dict[str, Any]:
        """Return how many calls there are and are shown, and the index to go on at, or None."""
        goes_on = self.behind < self.total
        place = {
            "total_count": self.total,
            "count": self.behind - self.first,
            "next_from": self.behind if goes_on else None,
        }
        if not goes_on:
            return place
        text = f"These are {place['count']:,} of {self.total:,} calls. Ask for the next ones with "
        return {**place, "warnings": [f"{text}?from={self.behind}."]}


def _details(asked: Asked, batch_id: str) -> HttpResponseBase:
    """Return a batch and a page of its calls, which are streamed as they are read."""
    query = asked.http.GET
    wants = {
        name: query_values.boolean(query, f"include_{name}") is not False
        for name in ("calls", "transcripts", "analysis")
    }
    if wants["calls"] or wants["analysis"]:
        READ_CALLS.require(asked.key)
    batch = find(batch_id)
    if wants["calls"] and wants["transcripts"]:
        audit.record(AuditAction.VIEWED, batch, note="Transcripts of its calls")
    totals = batch_shapes.totals_of(batch)
    page = CallsOfPage(asked, batch) if wants["calls"] else None
    blocks = _blocks(batch, totals, page, wants)
    return StreamingHttpResponse(blocks, content_type="application/json")


def _blocks(
    batch: Batch, totals: Totals, page: CallsOfPage | None, wants: dict[str, bool]
) -> Iterator[str]:
    head = {
        "status": batch_shapes.status_v1(batch, totals),
        "batch_params": batch_shapes.batch_v1(batch, id_name="id"),
        "analysis": batch_shapes.analysis_v1(batch, totals) if wants["analysis"] else {},
        **(page.place if page else {}),
    }
    yield f'{json.dumps(head)[:-1]}, "call_data": ['
    if page:
        rows = page.rows.select_related("recipient")
        page.rows = rows if wants["transcripts"] else rows.defer("transcript")
    separator = ""
    for call in page or ():
        call.batch = batch
        if not wants["transcripts"]:
            call.transcript = []
        told = bland_shapes.call_detail(call)
        if not wants["transcripts"]:
            del told["transcripts"], told["concatenated_transcript"]
        yield f"{separator}{json.dumps(told)}"
        separator = ","
    yield "]}"


def _analyze(asked: Asked, batch_id: str) -> HttpResponse:
    READ_CALLS.require(asked.key)
    questions = analysis.questions_of(asked.body)
    page = CallsOfPage(asked, find(batch_id))
    answers = {str(call.call_id): analysis.answers(call, questions) for call in page}
    told = {"message": analysis.MESSAGE, "answers": answers, "credits_used": 0}
    return JsonResponse({"status": "success", **told, **page.place})


def _analyses(asked: Asked, batch_id: str) -> HttpResponse:
    """Return every fact about each finished call, as questions and answers."""
    READ_CALLS.require(asked.key)
    page = CallsOfPage(asked, find(batch_id), ended_at__isnull=False)
    found = []
    for call in page:
        questions, answers = analysis.facts(call)
        found.append(
            {
                "call_id": str(call.call_id),
                "batch_id": str(call.batch_id),
                "goal": "",
                "answers": answers,
                "questions": questions,
            }
        )
    told = {"message": analysis.MESSAGE, "analysis": found}
    return JsonResponse({"status": "success", **told, **page.place})


details = door(GET=Action(view=_details, need=READ))
analyze = door(POST=Action(view=_analyze, need=READ))
analyses = door(GET=Action(view=_analyses, need=READ))
