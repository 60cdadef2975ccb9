"""List Calls: filters, pages, and the calls that a slow or careless list omits."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from tests.voice.carrier.behavior import Behavior
from tests.voice.carrier.ledger import Ledger


def list_calls(ledger: Ledger, behavior: Behavior, query: str, now: float) -> dict[str, Any]:
    """Return the page of calls for a query."""
    asked = parse_qs(query)
    national = behavior.spelling == "national"
    number = asked.get("to_number", [""])[0]
    if number and national:
        calls = ledger.by_number.get(f"+1{number}", [])
    elif number:
        calls = ledger.by_number.get(number, [])
    else:
        calls = list(ledger.calls.values())
    since = asked.get("start_date")
    start = datetime.fromisoformat(since[0]).timestamp() if since else 0.0
    late = behavior.listed_after_seconds
    calls = [
        one
        for one in calls
        if one.created >= start and now >= one.received_at + late and not one.unlisted
    ]
    if asked.get("ascending", ["false"])[0] != "true":
        calls.reverse()
    first = int(asked.get("from", ["0"])[0])
    last = int(asked["to"][0]) + 1 if "to" in asked else len(calls)
    limit = min(int(asked.get("limit", ["1000"])[0]), behavior.list_limit)
    page = calls[first:last][:limit]
    return {
        "total_count": len(calls),
        "count": len(page),
        "calls": [one.listed(now, national=national) for one in page],
    }
