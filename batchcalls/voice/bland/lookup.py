"""Look up whether a call exists after its answer was lost.

The provider cannot search for our id, so we search the calls to that number. The call is
definitely absent only if the list was read to its end and every call in it has metadata.
Source: Bland API, List Calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from batchcalls.voice.base import CallAbsent, CallFound, CallRequest, CannotTell, Lookup
from batchcalls.voice.bland import reading
from batchcalls.voice.bland.calls import call_id_of, correlation_id_of, has_metadata

#: How far the provider's clock may be behind ours.
CLOCK_MARGIN = timedelta(minutes=10)
PAGE_SIZE = 100
#: The lookup gives up if a number has more calls than this in the time searched.
MOST_CALLS = 1_000

Get = Callable[[str], Mapping[str, Any]]


class _Incomplete(Exception):
    """The list of calls could not be read to its end; the text says why."""


def find(
    request: CallRequest,
    *,
    since: datetime,
    sent_at: datetime,
    now: datetime,
    absent_after: timedelta,
    get: Get,
    details: Get,
) -> Lookup:
    """Return whether the call exists; ``get`` fetches a path, ``details`` a call by its id.

    Errors of these two propagate. The request was sent between ``since`` and ``sent_at``.

    1. List the calls to the number since then, under each spelling of the number.
    2. Fetch the metadata of each call, which lists leave out, until one is ours.
    3. If none is ours, the call is absent, once ``absent_after`` has passed since it was sent.
    """
    undecided = ""
    try:
        for item in _calls_to(request.to, since=since - CLOCK_MARGIN, get=get):
            call_id = call_id_of(item)
            if not call_id:
                undecided = "A call in the list has no id."
                continue
            call = item if correlation_id_of(item) is not None else details(call_id)
            if correlation_id_of(call) == request.correlation_id:
                return CallFound(provider_call_id=call_id, next_event_at=now)
            if not has_metadata(call):
                undecided = f"Call {call_id} to this number does not say who placed it."
    except _Incomplete as error:
        return CannotTell(str(error))
    if undecided:
        return CannotTell(undecided)
    if now < sent_at + absent_after:
        return CannotTell("It is too early to tell: the call may not be in the list yet.")
    return CallAbsent()


def _calls_to(number: str, *, since: datetime, get: Get) -> Iterator[Mapping[str, Any]]:
    """Yield the calls to a number, oldest first, so that new calls do not shift the pages."""
    for spelling in _spellings(number):
        seen: set[str] = set()
        read, total = 0, 1
        while read < total:
            page = get(_path(spelling, since, read))
            calls, total = page.get("calls"), _count(page)
            if not isinstance(calls, list):
                raise _Incomplete("The list of calls is not what the provider documents.")
            if total > MOST_CALLS:
                raise _Incomplete(f"There are {total} calls to this number to go through.")
            if not calls and read < total:
                raise _Incomplete("The list of calls ended before it was complete.")
            for item in map(reading.mapping, calls):
                if (call_id := call_id_of(item)) not in seen or not call_id:
                    seen.add(call_id)
                    yield item
            read += len(calls)
        if len(seen) < total:
            raise _Incomplete("The list of calls repeated some and left others out.")


def _path(number: str, since: datetime, first: int) -> str:
    query = {
        "to_number": number,
        "start_date": since.isoformat(timespec="seconds"),
        "from": first,
        "to": first + PAGE_SIZE,
        "limit": PAGE_SIZE,
        "ascending": "true",
        "sort_by": "created_at",
    }
    return f"/v1/calls?{urlencode(query)}"


def _count(page: Mapping[str, Any]) -> int:
    """Return how many calls match, without which a list cannot be known to be complete."""
    total = page.get("total_count")
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise _Incomplete("The list of calls does not say how many there are.")
    return total


def _spellings(number: str) -> tuple[str, ...]:
    """Return the possible spellings of a number; documented examples omit a leading +1."""
    return (number, number[2:]) if number.startswith("+1") else (number,)
