"""Compare the pages of the call log with Django's own list of the same rows.

    tests/with-postgres python -m tests.benchmarks.call_log [calls [name of a line]…]

The default is 1,000,000 calls.

Every page is requested once to warm the caches and then five times; the median counts.
"everything" is the log without a filter, compared with Django's own list. "rare" values are those
of a few dozen of the oldest calls: a search that starts at the newest call reads everything.
Times are for the whole request, in milliseconds, without the network.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.importing import OPTIONS, finish, script
from tests.installation import Installation

FILL = """
import sys, uuid
from datetime import timedelta
from django.utils import timezone
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from campaigns.models import Campaign
from tests.benchmarks.page_times import analyze, fill, number

count = int(sys.argv[1])
now = timezone.now()
account = VoiceAccount.objects.built_in()
other = VoiceAccount.objects.create(name="second", provider="simulator")
early = Campaign.objects.create(name="Early", prompt="Hello.")
large = Campaign.objects.create(name="Large", prompt="Hello.")
small = Campaign.objects.create(name="Small", prompt="Hello.")
over = {"status": "completed", "launched_at": now, "ended_at": now}

def batch(name, campaign, **fields):
    return Batch.objects.create(name=name, campaign=campaign, account=account, prompt="Hello.",
        row_count=count, **fields)

first = batch("First", early, **over)
half = batch("Half", large, **over)
rest = [batch(f"Part {n}", small, **over) for n in range(200)]
running = batch("Running", large, status="dispatching", launched_at=now)

def batch_of(n):
    if n < count // 500:
        return first
    if n < count // 2:
        return half if n % 10 else rest[0]
    if n < count * 9 // 10:
        return rest[(n - count // 2) * len(rest) // count]
    return running

def call(n):
    rare, live = 5_000 <= n < 5_030, n >= count - 300
    status = ["completed"] * 62 + ["no_answer"] * 25 + ["busy"] * 8 + ["failed"] * 5
    status = "in_progress" if live else "canceled" if rare else status[n * 37 % 100]
    if 100 <= n < 120:
        status = "unknown"
    by, said = "", ""
    if status == "completed":
        by = "unknown" if n < 5_100 and n > 5_030 else ["human", "voicemail"][n * 7 % 5 > 2]
        said = ["INTERESTED", "NOT_INTERESTED", "NO_CONTACT_MADE"][n % 3]
        said = "CALL_BACK_SCHEDULED" if n < 5_100 and n > 5_030 else said
    elif status == "no_answer":
        by = said = "no_answer"
        said = "NO_ANSWER"
    claimed = now - timedelta(seconds=(count - n) * 8)
    ended = None if live or status == "unknown" else claimed + timedelta(seconds=n % 600)
    spoke = [{"speaker": "agent", "text": "Hello, this is a call. " * 3, "at_seconds": 1.0}] * 5
    return {
        "call_id": uuid.UUID(int=n * 2**64 + 1),
        "batch_id": batch_of(n).pk, "recipient_id": n + 1, "attempt": 1, "claimed_at": claimed,
        "account_id": other.pk if rare else account.pk, "to_number": number(n),
        "from_number": "+12025550100", "status": status, "answered_by": by, "disposition": said,
        "duration_seconds": n % 600 if said else None, "ended_at": ended,
        "summary": "They spoke about the order. " * 4 if by == "human" else "",
        "transcript": spoke if by == "human" else [], "placed_at": claimed,
    }

def recipient(n):
    return {"id": n + 1, "batch_id": batch_of(n).pk, "row_number": n + 2, "e164": number(n),
        "request_data": {"name": f"Name {n}"}, "status": "in_call", "called": True}

fill(Recipient, recipient, 0, count)
fill(CallResult, call, 0, count)
analyze()
"""

MEASURE = """
import sys
from django.http import QueryDict
from batchcalls.reporting.exports.call_log import matching
from batchcalls.reporting.filters.calls import order_of
from batchcalls.models import Batch, CallResult, VoiceAccount
from campaigns.models import Campaign
from tests.benchmarks.page_times import Visitor, compare, heading, line

visitor = Visitor()
batch = {one.name: one.pk for one in Batch.objects.all()}
campaign = {one.name: one.pk for one in Campaign.objects.all()}
middle = CallResult.objects.order_by("pk")[CallResult.objects.count() // 2]
day = middle.claimed_at.date().isoformat()
second = VoiceAccount.objects.get(name="second").pk
first_day = CallResult.objects.order_by("pk")[0].claimed_at.date().isoformat()

QUERIES = {
    "everything": "",
    "batch, running": f"batch={batch['Running']}",
    "batch, half": f"batch={batch['Half']}",
    "batch, small": f"batch={batch['Part 40']}",
    "status completed": "status=completed",
    "status in_progress": "status=in_progress",
    "status canceled (rare)": "status=canceled",
    "status unknown (rare)": "status=unknown",
    "batch half, status busy": f"batch={batch['Half']}&status=busy",
    "batch half, canceled (rare)": f"batch={batch['Half']}&status=canceled",
    "batch running, canceled (none)": f"batch={batch['Running']}&status=canceled",
    "answered by human": "answered_by=human",
    "answered by unknown (rare)": "answered_by=unknown",
    "outcome INTERESTED": "disposition=INTERESTED",
    "outcome CALL_BACK (rare)": "disposition=CALL_BACK_SCHEDULED",
    "outcome NOTHING (none)": "disposition=NOTHING",
    "one day in the middle": f"from={day}&to={day}",
    "up to the middle": f"to={day}",
    "the first day": f"to={first_day}",
    "campaign large": f"campaign={campaign['Large']}",
    "campaign small": f"campaign={campaign['Small']}",
    "campaign early": f"campaign={campaign['Early']}",
    "account second (rare)": f"account={second}",
    "longer than 590 s": "min_duration=590",
    "whole number": f"number={middle.to_number.replace('+', '%2B')}",
    "part of a number, 7 digits": f"number={middle.to_number[-7:]}",
    "part of a number, 3 digits": f"number={middle.to_number[-3:]}",
    "search: call id": f"q={middle.call_id}",
    "search: 7 digits": f"q={middle.to_number[-7:]}",
}

only = sys.argv[1:]
found = {}
heading()
for name, query in QUERIES.items():
    if not only or any(word in name for word in only):
        rows, order = matching(query), order_of(QueryDict(query))
        found[name] = visitor.time_list(f"/batchcalls/callresult/?{query}", rows, order)
        line(name, found[name], f"{rows.count():,} rows")

if "everything" in found:
    stock = visitor.time_stock(CallResult, CallResult.objects.all(), list_select_related=["batch"],
        list_display=["to_number", "status", "answered_by", "disposition", "duration_seconds",
            "claimed_at", "batch"])
    compare("  Django's own", found["everything"], stock)
"""


def main() -> None:
    calls = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 1_000_000
    only = sys.argv[2:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}")
        with Installation(folder, url, **OPTIONS) as here:
            finish(script(here, FILL, calls))
            print(finish(script(here, MEASURE, *only)), end="")


if __name__ == "__main__":
    main()
