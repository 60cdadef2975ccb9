"""The events of a call so far, to be polled.

One answer lists them all and ends. A stream that stays open would hold a thread of the web server
for as long as the call. Source: Bland API, Event Stream; its command line for the other address.
"""

from __future__ import annotations

from django.http import JsonResponse

from batchcalls.blandapi import known_calls
from batchcalls.blandapi.accounts import READ_CALLS
from batchcalls.blandapi.views import Action, Asked, door
from batchcalls.database import clock
from batchcalls.models import CallEvent, CallResult
from batchcalls.reporting.call_moments import ENDED, Moment, moments


def _events(asked: Asked, call_id: str) -> JsonResponse:
    found = known_calls.find(call_id)
    told = known_calls.detail(found)
    if isinstance(found, CallResult):
        rows = CallEvent.objects.filter(call=found).order_by("occurred_at", "pk")
        happened = moments(found, rows)
    else:
        happened = [Moment(found.created_at, "Queued", "")]
        if found.ended_at:
            happened.append(Moment(found.ended_at, ENDED, told["error_message"]))
    placed, failed = told["started_at"], told["queue_status"].endswith("error")
    entries = [
        {
            "level": "call" if placed and clock.text_of(one.at) >= placed else "queue",
            "category": "error" if failed and one.message == ENDED else "info",
            "message": f"{one.message}: {one.detail}" if one.detail else one.message,
            "call_id": told["call_id"],
            "timestamp": clock.text_of(one.at),
        }
        for one in happened
    ]
    return JsonResponse(entries, safe=False)


events = door(GET=Action(view=_events, need=READ_CALLS))
