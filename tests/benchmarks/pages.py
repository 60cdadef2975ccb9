"""Measure every page of the back office with 2,000,000 calls in 200 batches, on PostgreSQL.

    tests/with-postgres python -m tests.benchmarks.pages [calls]     (default: 2,000,000)

Half of the calls are of one batch, which is calling; the others are of 199 batches that are over.
"before" is the baseline in the same run: a process and database without any kept figure, which
counts anew. "first" is the first request of a process after a worker's sweep, "later" the median
of five more. Times are of the whole request in milliseconds, without the network.
"""

from __future__ import annotations

import json
import os
import statistics
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
from tests.benchmarks.page_times import analyze, fill, number

count = int(sys.argv[1])
now = timezone.now()
account = VoiceAccount.objects.built_in()
large, others = count // 2, 199
rows_each = (count - large) // others
small = [Batch(name=f"Batch {n}", account=account, prompt="Hello.", status="completed",
    row_count=rows_each, launched_at=now - timedelta(days=13), ended_at=now) for n in range(others)]
million = Batch(name="Million", account=account, prompt="Hello.", status="in_progress_chunked",
    row_count=large, launched_at=now - timedelta(days=6))
Batch.objects.bulk_create([*small, million])
count = large + rows_each * others

def batch_of(n):
    return small[n // rows_each] if n < count - large else million

def ending(n):
    if n >= count - 300:
        return "in_call", "", "in_progress", ""
    place = n * 37 % 100
    if place < 45:
        return "done", "reached", "completed", "human"
    if place < 65:
        return "done", "voicemail", "completed", "voicemail"
    return "done", "not_reached", "no_answer", "no_answer"

def recipient(n):
    status, outcome, _, _ = ending(n)
    return {"id": n + 1, "batch_id": batch_of(n).pk, "row_number": n + 2, "e164": number(n),
        "raw_number": number(n), "request_data": {"name": f"Name {n}"}, "status": status,
        "outcome": outcome, "called": True, "attempts": 1}

spoke = [{"speaker": "agent", "text": "Hello, this is a call. " * 3, "at_seconds": 1.0}] * 5

def call(n):
    _, _, status, by = ending(n)
    begin = now - timedelta(days=13) * (count - n) / count
    over = status != "in_progress"
    return {"call_id": uuid.uuid5(uuid.NAMESPACE_OID, str(n)), "batch_id": batch_of(n).pk,
        "recipient_id": n + 1, "attempt": 1, "claimed_at": begin, "placed_at": begin,
        "account_id": account.pk, "provider_call_id": f"sim-{n:032}",
        "to_number": number(n), "from_number": "+12025550100", "status": status,
        "answered_by": by, "disposition": "INTERESTED" if by == "human" else "NO_ANSWER",
        "ended_at": begin if over else None,
        "duration_seconds": n % 600 if over else None, "price": "0.12" if over else None,
        "currency": "USD", "summary": "They spoke about the order. " * 4 if by == "human" else "",
        "transcript": spoke if by == "human" else []}

fill(Recipient, recipient, 0, count)
fill(CallResult, call, 0, count)
analyze()
"""

FORGET = """
from batchcalls.models import DayOfCalls, KeptFigure
KeptFigure.objects.all().delete()
DayOfCalls.objects.all().delete()
"""

SWEEP = """
from batchcalls.reporting import renewing
renewing.run()
"""

MEASURE = """
import json, sys, time
from django.test import Client
from batchcalls.models import Batch, CallResult
from tests.benchmarks.page_times import Visitor

visitor = Visitor()
visitor.open("/batchcalls/storedlist/")  # load what every page needs
million = Batch.objects.get(name="Million")
middle = CallResult.objects.order_by("pk")[CallResult.objects.count() // 3]
here, logs = f"/batchcalls/batch/{million.pk}/", "/batchcalls/callresult/"
number = middle.to_number.replace("+", "%2B")
PAGES = {
    "Dashboard": "/",
    "Batch Calls": "/batchcalls/batch/", "Batch Calls, page 2": "/batchcalls/batch/?at=oldest",
    "Batch page": f"{here}change/", "Recipients": f"{here}recipients/",
    "Recipients: 7 digits": f"{here}recipients/?q={million.calls.first().to_number[-7:]}",
    "Batch log": f"{here}log/", "Dry run": f"{here}dry-run/", "Settings": f"{here}settings/",
    "Call Logs": logs, "Call Logs of the batch": f"{logs}?batch={million.pk}",
    "Search: 7 digits": f"{logs}?q={middle.to_number[-7:]}",
    "Search: 7 digits, none": f"{logs}?q=0000000",
    "Search: 3 digits": f"{logs}?q={middle.to_number[-3:]}",
    "Search: part of a call ID": f"{logs}?q={str(middle.call_id)[:9]}",
    "Search: a word": f"{logs}?q=nothing",
    "Number: 7 digits": f"{logs}?number={middle.to_number[-7:]}",
    "Number: whole": f"{logs}?number={number}",
    "Call page": f"{logs}{middle.pk}/change/",
    "Number page": f"/campaigns/suppression/number/{middle.to_number}/",
    "Exports": "/batchcalls/export/", "Do-not-call list": "/campaigns/suppression/",
    "Voice accounts": "/batchcalls/voiceaccount/", "Workers": "/batchcalls/workerheartbeat/",
    "Lists": "/batchcalls/storedlist/", "Opt-outs": "/batchcalls/optoutreview/",
    "Audit log": "/batchcalls/auditentry/", "Webhooks": "/batchcalls/webhookendpoint/",
    "Campaigns": "/campaigns/campaign/",
}
times = {}
for name, address in PAGES.items():
    found = []
    for _ in range(1 if sys.argv[1] == "once" else 6):
        began = time.perf_counter()
        answer = visitor.client.get(address)
        if answer.status_code != 200:
            print("no page", answer.status_code, address, file=sys.stderr)
            break
        found.append(1_000 * (time.perf_counter() - began))
    times[name] = found
print(json.dumps(times))
"""

#: The search of earlier versions, which looked for parts of every id and number in all calls.
OLD_SEARCH = """
import sys, time
from django.db.models import Q
from batchcalls.models import Batch, CallResult

middle = CallResult.objects.order_by("pk")[CallResult.objects.count() // 3]
word = middle.to_number[-7:]
names = "call_id", "batch__id", "provider_call_id", "to_number"
found = Q(to_number=word)
for name in names:
    found |= Q(**{f"{name}__icontains": word})
began = time.perf_counter()
list(CallResult.objects.filter(found).order_by("-pk").values_list("pk")[:51])
print(1_000 * (time.perf_counter() - began))
"""


def main() -> None:
    calls = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 2_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}")
        with Installation(folder, url, **OPTIONS) as here:
            finish(script(here, FILL, calls))
            finish(script(here, FORGET))
            before = json.loads(finish(script(here, MEASURE, "once")))
            before["Search: 7 digits"] = [float(finish(script(here, OLD_SEARCH)))]
            finish(script(here, FORGET))
            finish(script(here, SWEEP))
            after = json.loads(finish(script(here, MEASURE, "often")))
    print(f"{'milliseconds':28} {'before':>8} {'first':>8} {'later':>8} {'ratio':>8}")
    for page, times in after.items():
        if times and before[page]:
            [old], first, later = before[page], times[0], statistics.median(times[1:])
            print(f"{page:28} {old:8.0f} {first:8.0f} {later:8.0f} {old / first:8.1f}")


if __name__ == "__main__":
    main()
