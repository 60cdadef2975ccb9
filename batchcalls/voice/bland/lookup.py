"""Look up whether a call exists after its answer was lost.

The provider cannot search for our id, so we search the calls to that number. The call is
definitely absent only if the list was read to its end, every call in it has metadata, and the
provider's clock, by which it selects the calls, is close to ours.
Source: Bland API, List Calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from batchcalls.voice import clocks
from batchcalls.voice.base import CallAbsent, CallFound, CallRequest, CannotTell, Lookup
from batchcalls.voice.bland import reading
from batchcalls.voice.bland.calls import call_id_of, correlation_id_of, has_metadata

#: How far back the search begins before the request was sent. If the clocks differ by more, an
#: empty list proves nothing.
CLOCK_MARGIN = timedelta(minutes=10)
#: The largest difference of the clocks by which the search begins earlier.
LARGEST_DIFFERENCE = timedelta(days=1)
PAGE_SIZE = 100
#: The lookup gives up if a number has more calls than this in the time searched.
MOST_CALLS = 1_000

Get = Callable[[str], Mapping[str, Any]]
#: Fetches a page of the list; returns it with the provider's time when it answered.
GetPage = Callable[[str], tuple[Mapping[str, Any], datetime | None]]


class Incomplete(Exception):
    """The list of calls could not be read to its end; the text says why."""


def find(
    request: CallRequest,
    *,
    since: datetime,
    sent_at: datetime,
    now: datetime,
    absent_after: timedelta,
    list_page: GetPage,
    details: Get,
) -> Lookup:
    """Return whether the call exists; ``details`` fetches a call by its id.

    Errors of ``list_page`` and ``details`` propagate. The request was sent between ``since`` and
    ``sent_at``.

    1. List the calls to the number since then, under each spelling of the number. Begin earlier if
       the provider's clock is behind ours.
    2. Fetch the metadata of each call, which lists leave out, until one is ours.
    3. If none is ours and the clocks agree, the call is absent, once ``absent_after`` has passed
       since it was sent.
    """
    pages = Pages(list_page, since=min(since, now), now=now)
    undecided = ""
    try:
        for item in _calls_to(request.to, pages):
            call_id = call_id_of(item)
            if not call_id:
                undecided = "A call in the list has no id."
                continue
            call = item if correlation_id_of(item) is not None else details(call_id)
            if correlation_id_of(call) == request.correlation_id:
                return CallFound(provider_call_id=call_id, next_event_at=now)
            if not has_metadata(call):
                undecided = f"Call {call_id} to this number does not say who placed it."
    except Incomplete as error:
        return CannotTell(str(error))
    if undecided or pages.doubt:
        return CannotTell(undecided or pages.doubt)
    if now < sent_at + absent_after:
        return CannotTell("It is too early to tell: the call may not be in the list yet.")
    return CallAbsent()


class Pages:
    """Fetches pages of lists of calls, and compares the provider's clock with ours."""

    def __init__(self, get: GetPage, *, since: datetime, now: datetime) -> None:
        self._get = get
        self._now = now
        self._since = since - CLOCK_MARGIN
        self._ahead = timedelta()
        #: Why calls may be missing from the lists; blank when the clocks agree.
        self.doubt = ""

    def fetch(self, filters: Mapping[str, str], first: int) -> Mapping[str, Any]:
        """Return a page. If our clock turns out to be ahead, fetch it again from earlier on."""
        page, date = self._get(_path(filters, self._since, first))
        if date is None:
            self.doubt = "The list of calls does not say at what time it was made."
            return page
        ahead = self._now - date
        if abs(ahead) > CLOCK_MARGIN:
            words = clocks.in_words(ahead.total_seconds())
            self.doubt = f"Our clock is {words} the provider's, so the list may omit the call."
        ahead = min(ahead, LARGEST_DIFFERENCE)
        if ahead - self._ahead <= CLOCK_MARGIN / 2:
            return page
        self._since -= ahead - self._ahead
        self._ahead = ahead
        return self.fetch(filters, first)


def _calls_to(number: str, pages: Pages) -> Iterator[Mapping[str, Any]]:
    """Yield the calls to a number, oldest first, so that new calls do not shift the pages."""
    for spelling in _spellings(number):
        yield from read_list({"to_number": spelling}, pages, most=MOST_CALLS)


def read_list(
    filters: Mapping[str, str], pages: Pages, *, most: int | None = None
) -> Iterator[Mapping[str, Any]]:
    """Yield the listed calls, oldest first.

    Raise `Incomplete` when the list cannot be read to its end or has more than ``most`` calls. A
    list is complete when the page behind its last call has no other call: some providers count
    only the calls of one page.
    """
    seen: set[str] = set()
    read, total, first_total = 0, 1, None
    while read < total:
        calls, total = _calls_of(pages.fetch(filters, read))
        first_total = total if first_total is None else first_total
        if most is not None and total > most:
            raise Incomplete(f"There are {total} calls to this number to go through.")
        if total > 2 * first_total + PAGE_SIZE:
            raise Incomplete("The list of calls grows faster than it can be read.")
        if not calls and read < total:
            raise Incomplete("The list of calls ended before it was complete.")
        before = len(seen)
        for item in calls:
            if (call_id := call_id_of(item)) not in seen or not call_id:
                seen.add(call_id)
                yield item
        if calls and len(seen) == before:
            raise Incomplete("The list of calls repeated some and left others out.")
        read += len(calls)
    if len(seen) < total:
        raise Incomplete("The list of calls repeated some and left others out.")
    behind, _ = _calls_of(pages.fetch(filters, read)) if read else ([], 0)
    if not {call_id_of(item) for item in behind} <= seen:
        raise Incomplete("The list of calls has more calls than it says.")


def _calls_of(page: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], int]:
    """Return a page's calls, and how many calls the whole list has."""
    calls, total = page.get("calls"), _count(page)
    if not isinstance(calls, list):
        raise Incomplete("The list of calls is not what the provider documents.")
    return [reading.mapping(item) for item in calls], total


def _path(filters: Mapping[str, str], since: datetime, first: int) -> str:
    query = {
        **filters,
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
        raise Incomplete("The list of calls does not say how many there are.")
    return total


def _spellings(number: str) -> tuple[str, ...]:
    """Return the possible spellings of a number; documented examples omit a leading +1."""
    return (number, number[2:]) if number.startswith("+1") else (number,)
