"""Single calls: sent, listed, read, stopped and analyzed."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import JsonResponse

from batchcalls.access import audit
from batchcalls.access.permissions import Need
from batchcalls.batches import lifecycle
from batchcalls.blandapi import analysis, call_list, known_calls, sending
from batchcalls.blandapi.accounts import READ_CALLS
from batchcalls.blandapi.errors import Refused, invalid
from batchcalls.blandapi.views import Action, Asked, door
from batchcalls.calling import stopping
from batchcalls.database import clock
from batchcalls.models import CallResult, Scope
from batchcalls.states import BATCH_TERMINAL, RECIPIENT_TERMINAL, CallStatus, RecipientStatus

SEND = Need(Scope.CALLS_WRITE, "batchcalls.add_batch", "batchcalls.launch_batch")
STOP = Need(Scope.CALLS_WRITE, "batchcalls.cancel_batch")
MOST_ACTIVE = 1_000


def _send(asked: Asked) -> JsonResponse:
    call_id, warnings = sending.send_call(asked.body, actor=asked.actor)
    return JsonResponse(
        {
            "status": "success",
            "message": "Call successfully queued.",
            "call_id": str(call_id),
            "batch_id": None,
            "warnings": warnings,
        }
    )


def _list(asked: Asked) -> JsonResponse:
    page = call_list.page_of(asked.http.GET)
    return JsonResponse(
        {
            "total_count": page.total,
            "count": len(page.calls),
            "calls": known_calls.listed(page.calls),
        }
    )


def _details(asked: Asked, call_id: str) -> JsonResponse:
    found = known_calls.find(call_id)
    if isinstance(found, CallResult):
        audit.viewed([found])
    return JsonResponse(known_calls.detail(found))


def _stop(asked: Asked, call_id: str) -> JsonResponse:
    if not stop(known_calls.find(call_id), actor=asked.actor):
        raise Refused(400, "SID_NOT_FOUND", "SID not found for the given c_id.")
    return JsonResponse({"status": "success", "message": "Call ended successfully."})


def _details_of_body(asked: Asked) -> JsonResponse:
    """Return the call that the body names, as the first version of the API did."""
    return _details(asked, _id_in_body(asked))


def _stop_of_body(asked: Asked) -> JsonResponse:
    """End the call that the body names, as the first version of the API did."""
    return _stop(asked, _id_in_body(asked))


def _id_in_body(asked: Asked) -> str:
    found = asked.body.get("call_id") or asked.body.get("c_id")
    if not found:
        raise invalid("Missing required parameter: call_id.")
    return str(found)


def stop(one: known_calls.Told, *, actor: Any) -> bool:
    """End or withdraw a call. Return False if it was already over.

    For a single call, its planned time and its further attempts are canceled too.
    """
    batch = one.batch if isinstance(one, CallResult) else one
    if batch.single_call_id is not None and batch.status not in BATCH_TERMINAL:
        try:
            lifecycle.cancel(batch, actor=actor, hang_up=True)
        except lifecycle.Conflict:
            return False
        return True
    if not isinstance(one, CallResult):
        return False
    try:
        stopping.stop(one, actor=actor)
    except stopping.CallOver:
        return False
    return True


def _active_calls() -> list[known_calls.Told]:
    """Return live calls and waiting single calls, newest first."""
    live = known_calls.attempts().filter(ended_at=None).order_by("-pk")[:MOST_ACTIVE]
    not_final = frozenset(RecipientStatus) - RECIPIENT_TERMINAL
    open_rows = Q(recipients=None) | Q(recipients__status__in=not_final)
    waiting = known_calls.waiting().exclude(status__in=BATCH_TERMINAL).filter(open_rows).distinct()
    return [*live, *waiting.order_by("-created_at")[:MOST_ACTIVE]]


def _active(asked: Asked) -> JsonResponse:
    return JsonResponse({"data": list(map(_active_one, _active_calls())), "errors": None})


def _active_one(one: known_calls.Told) -> dict[str, Any]:
    batch = one.batch if isinstance(one, CallResult) else one
    found = known_calls.detail(one)
    begun = (one.placed_at or one.claimed_at) if isinstance(one, CallResult) else batch.created_at
    starts = batch.start_at or begun
    talking = isinstance(one, CallResult) and one.status == CallStatus.IN_PROGRESS
    return {
        "call_id": found["call_id"],
        "user_id": str(batch.created_by_id or ""),
        "from": found["from"],
        "to": found["to"],
        "objective": batch.prompt,
        "pathway_id": found["pathway_id"],
        "start_time": clock.text_of(starts),
        "international": "false" if found["to"].startswith("+1") else "true",
        "status": "IN_PROGRESS" if talking else "QUEUED",
        "timestamp": int(begun.timestamp() * 1000),
    }


def _stop_active(asked: Asked) -> JsonResponse:
    stopped = sum(stop(one, actor=asked.actor) for one in _active_calls())
    message = f"Stopped {stopped} active calls."
    return JsonResponse({"status": "success", "message": message, "num_calls": stopped})


def _analyze(asked: Asked, call_id: str) -> JsonResponse:
    questions = analysis.questions_of(asked.body)
    found = known_calls.find(call_id)
    given = (
        analysis.answers(found, questions)
        if isinstance(found, CallResult)
        else [None] * len(questions)
    )
    return JsonResponse(
        {"status": "success", "message": analysis.MESSAGE, "answers": given, "credits_used": 0}
    )


def _correct(asked: Asked, call_id: str) -> JsonResponse:
    """Return the stored transcript, marked as not corrected."""
    found = known_calls.find(call_id)
    if isinstance(found, CallResult):
        audit.viewed([found])
    turns = found.transcript if isinstance(found, CallResult) else []
    ends = [turn.get("at_seconds", 0) for turn in turns[1:]]
    last = (found.duration_seconds or 0) if isinstance(found, CallResult) else 0
    speakers = {"agent": (0, "assistant"), "callee": (1, "user")}
    said = []
    for turn, end in zip(turns, [*ends, last], strict=False):
        speaker, name = speakers.get(turn["speaker"], (0, "assistant"))
        start = turn.get("at_seconds", 0)
        said.append(
            {
                "start": start,
                "end": max(start, end),
                "text": turn["text"],
                "speaker": speaker,
                "speaker_label": name,
                "confidence": None,
            }
        )
    return JsonResponse(
        {
            "status": "success",
            "message": "This is the transcript of the call itself; it was not corrected.",
            "corrected": said,
            "aligned": [],
            "original": known_calls.detail(found)["transcripts"],
        }
    )


_SEND = Action(view=_send, need=SEND, once=True)
calls = door(GET=Action(view=_list, need=READ_CALLS), POST=_SEND)
send = door(POST=_SEND)
details_of_body = door(POST=Action(view=_details_of_body, need=READ_CALLS))
stop_of_body = door(POST=Action(view=_stop_of_body, need=STOP))
details = door(GET=Action(view=_details, need=READ_CALLS))
stop_call = door(POST=Action(view=_stop, need=STOP, is_bodiless=True))
active = door(GET=Action(view=_active, need=READ_CALLS))
stop_active = door(POST=Action(view=_stop_active, need=STOP, is_bodiless=True))
analyze = door(POST=Action(view=_analyze, need=READ_CALLS))
correct = door(GET=Action(view=_correct, need=READ_CALLS))
