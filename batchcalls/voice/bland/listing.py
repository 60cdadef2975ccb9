"""List the calls of an account, to find those that a restored database does not know.

Source: Bland API, List Calls. The list leaves out metadata, which Call Details has.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from batchcalls.voice.base import ListedCall
from batchcalls.voice.bland import reading
from batchcalls.voice.bland.calls import call_id_of, e164_of
from batchcalls.voice.bland.lookup import GetPage, Incomplete, Pages, read_list
from batchcalls.voice.errors import NotPlaced, OutcomeUnknown


def list_calls(
    *, since: datetime, until: datetime, now: datetime, absent_after: timedelta, list_page: GetPage
) -> list[ListedCall]:
    """Return the outbound calls since then. Errors of ``list_page`` propagate.

    Raise `NotPlaced` while the newest calls may not be in the list, and `OutcomeUnknown` when it
    cannot be read to its end or the clocks differ.
    """
    wait = (until + absent_after - now).total_seconds()
    if wait > 0:
        raise NotPlaced(
            f"The list may lack the newest calls for another {wait:.0f} s.",
            code="too_early",
            retry_after_seconds=wait,
        )
    pages = Pages(list_page, since=since, now=now)
    try:
        items = list(read_list({}, pages))
    except Incomplete as error:
        raise OutcomeUnknown(str(error), code="list_incomplete") from None
    if pages.doubt:
        raise OutcomeUnknown(pages.doubt, code="list_incomplete")
    return [_listed(item) for item in items if item.get("inbound") is not True]


def _listed(item: Mapping[str, Any]) -> ListedCall:
    call_id, created_at = call_id_of(item), reading.instant(item.get("created_at"))
    if not call_id or created_at is None:
        raise OutcomeUnknown("A call in the list has no id or time.", code="list_incomplete")
    return ListedCall(
        provider_call_id=call_id,
        to=e164_of(item.get("to")),
        from_number=e164_of(item.get("from")),
        created_at=created_at,
    )
