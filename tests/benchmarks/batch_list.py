"""Measure the pages of batches: their list, the dashboard, and those of a very large batch.

    tests/with-postgres python -m tests.benchmarks.batch_list [recipients]   (default: 1,000,000)

The recipients, each with a call, are in 5,000 batches: half of them in the 25 batches of the
middle page, the most that are counted anew on each request. The same number of recipients is in
one batch that is calling, three quarters of it done in the last 28 hours. There are two baselines
of the same batches: Django's own list, which shows no progress, and a list that counts the rows of
each batch in its query, as is common. "at first" is a process that has no figures in memory yet.
Times are medians of five, in milliseconds, of the whole request without the network.
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
from batchcalls.models import Batch, BatchEvent, CallResult, Recipient, VoiceAccount
from campaigns.models import Campaign
from tests.benchmarks.page_times import analyze, fill, number

count = int(sys.argv[1])
batches = 5_000
now = timezone.now()
large = range(batches // 2 - 13, batches // 2 + 12)
small_rows = count // 2 // (batches - len(large))
sizes = [count // 2 // len(large) if n in large else small_rows for n in range(batches)]
sizes[0] += count - sum(sizes)
accounts = [VoiceAccount.objects.built_in()]
accounts += [VoiceAccount.objects.create(name=f"Line {n}", provider="simulator") for n in range(4)]
campaigns = [Campaign.objects.create(name=f"Campaign {n}", prompt="Hello.") for n in range(40)]

def batch(n, rows, **fields):
    made = now - timedelta(hours=28 + 2 * (batches - n))
    given = {"name": f"Batch {n}", "status": "completed_partial", "launched_at": made,
        "ended_at": made, **fields}
    return Batch(campaign=campaigns[n % 40], account=accounts[n % 5], prompt="Hello.",
        row_count=rows, created_at=made, **given)

made = [batch(n, rows) for n, rows in enumerate(sizes)]
million = batch(batches, count, name="Million", status="in_progress_chunked", ended_at=None,
    launched_at=now - timedelta(hours=28))
times = {one.pk: one.created_at for one in [*made, million]}
Batch.objects.bulk_create([*made, million])
rows = list(Batch.objects.all())
for one in rows:
    one.created_at = times[one.pk]
Batch.objects.bulk_update(rows, ["created_at"], batch_size=500)
event = {"batch": million, "to_status": "dispatching"}
BatchEvent.objects.bulk_create(BatchEvent(**event) for _ in range(50))

places = [one for one in made for _ in range(one.row_count)]
done = count * 3 // 4

def batch_of(n):
    return places[n] if n < count else million

def ending(n):
    "status and outcome of a recipient, status and answered_by of its call"
    place = n * 37 % 100
    if n >= count and n - count >= done:
        live = n - count < done + 300
        return ("in_call", "", "in_progress", "") if live else ("pending", "", "", "")
    if place < 45:
        return "done", "reached", "completed", "human"
    if place < 65:
        return "done", "voicemail", "completed", "voicemail"
    if place < 92:
        return "done", "not_reached", "no_answer", "no_answer"
    return ("failed", "", "failed", "") if place < 96 else ("skipped", "", "", "")

def recipient(n):
    status, outcome, call, _ = ending(n)
    rare = n - count in range(5_000, 5_030)
    reason = "never_open" if rare else "duplicate"
    return {"id": n + 1, "batch_id": batch_of(n).pk, "row_number": n + 2, "e164": number(n),
        "raw_number": number(n), "request_data": {"name": f"Name {n}"}, "status": status,
        "outcome": outcome, "called": bool(call), "attempts": bool(call) + 0,
        "reason_code": reason if status == "skipped" else "",
        "reason": "An earlier row has this number." if status == "skipped" else ""}

called = [n for n in range(2 * count) if ending(n)[2]]
spoke = [{"speaker": "agent", "text": "Hello, this is a call. " * 3, "at_seconds": 1.0}] * 5

def call(place):
    n = called[place]
    _, _, status, by = ending(n)
    begin = batch_of(n).launched_at
    if n >= count:
        begin += timedelta(hours=28) * (n - count) / done
    return {"call_id": uuid.UUID(int=n * 2**64 + 1), "batch_id": batch_of(n).pk,
        "recipient_id": n + 1, "attempt": 1, "claimed_at": begin, "placed_at": begin,
        "account_id": batch_of(n).account_id, "to_number": number(n),
        "from_number": "+12025550100", "status": status, "answered_by": by,
        "disposition": "NO_ANSWER" if by == "no_answer" else "INTERESTED" if by else "",
        "ended_at": None if status == "in_progress" else begin + timedelta(seconds=n % 600),
        "duration_seconds": n % 600 if by else None, "price": "0.12" if by else None,
        "currency": "USD", "summary": "They spoke about the order. " * 4 if by == "human" else "",
        "transcript": spoke if by == "human" else []}

fill(Recipient, recipient, 0, 2 * count)
fill(CallResult, call, 0, len(called))
analyze()
"""

MEASURE = """
from django.db.models import Count, Q
from batchcalls.models import Batch, CallResult, Recipient
from campaigns.models import Campaign
from tests.benchmarks.page_times import Visitor, compare, heading, line

visitor = Visitor()
million = Batch.objects.get(name="Million")
campaign = Campaign.objects.get(name="Campaign 7").pk
batches = Batch.objects.all()
columns = ["name", "status", "campaign", "created_at", "account"]

def batch_list(name, query, rows):
    address = f"/batchcalls/batch/?{query}"
    times = visitor.time_list(address, rows, ("created_at", "pk"), size=25)
    line(name, times, f"{rows.count():,} rows")
    return times

heading()
plain = batch_list("Batch Calls", "", batches)
options = {"list_per_page": 25, "list_select_related": ["campaign", "account"]}
stock = visitor.time_stock(Batch, batches, list_display=columns, **options)
compare("  Django's own, without progress", plain, stock)
counting = batches.annotate(rows=Count("recipients"),
    finished=Count("recipients", filter=Q(recipients__status__in=["done", "failed", "skipped"])))

def progress(self, batch):
    return f"{batch.finished} of {batch.rows}"

stock = visitor.time_stock(Batch, counting, list_display=[*columns, "progress"],
    progress=progress, **options)
compare("  Django's own, counting", plain, stock)
batch_list("Batch Calls: completed partial", "status=completed_partial",
    batches.filter(status="completed_partial"))
batch_list("Batch Calls: failed (none)", "status=failed", batches.filter(status="failed"))
batch_list("Batch Calls: campaign", f"campaign={campaign}", batches.filter(campaign=campaign))
batch_list("Batch Calls: part of a name", "q=atch+49", batches.filter(name__icontains="atch 49"))

of_million = Recipient.objects.filter(batch=million)

def recipients(name, query, rows):
    address = f"/batchcalls/batch/{million.pk}/recipients/?{query}"
    times = visitor.time_list(address, rows, ("row_number",), ascending=True)
    line(name, times, f"{rows.count():,} rows")
    return times

plain = recipients("Recipients", "", of_million)
compare("  Django's own", plain, visitor.time_stock(Recipient, of_million,
    list_display=["row_number", "e164", "status", "reason", "attempts", "due_at"]))
recipients("Recipients: to call", "status=waiting", of_million.filter(status="pending"))
recipients("Recipients: live", "status=live", of_million.filter(status="in_call"))
recipients("Recipients: skipped", "status=skipped", of_million.filter(status="skipped"))
recipients("Recipients: deferred (none)", "status=deferred", of_million.filter(status="deferred"))
recipients("Recipients: reached", "outcome=reached", of_million.filter(outcome="reached"))
recipients("Recipients: reason (none)", "reason_code=blank_row",
    of_million.filter(reason_code="blank_row"))
middle = of_million.order_by("row_number")[of_million.count() // 2]
recipients("Recipients: 7 digits", f"q={middle.e164[-7:]}",
    of_million.filter(e164__contains=middle.e164[-7:]))

print()
print(f"{'milliseconds':34} {'usually':>8} {'at first':>8}")
here = f"/batchcalls/batch/{million.pk}/"
logs = "/batchcalls/callresult/"
for name, address in {
    "Batch Calls": "/batchcalls/batch/", "Recipients": f"{here}recipients/",
    "Batch page": f"{here}change/", "Batch log": f"{here}log/", "Dry run": f"{here}dry-run/",
    "Settings": f"{here}settings/", "Call Logs of the batch": f"{logs}?batch={million.pk}",
    "Call page": f"{logs}{CallResult.objects.latest('pk').pk}/change/",
    "Dashboard": "/",
}.items():
    line(name, [visitor.time(address), visitor.time(address, forgetting=True)])
"""


def main() -> None:
    recipients = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}")
        with Installation(folder, url, **OPTIONS) as here:
            finish(script(here, FILL, recipients))
            print(finish(script(here, MEASURE)), end="")


if __name__ == "__main__":
    main()
