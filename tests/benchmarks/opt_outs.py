"""Dial at full speed while people opt out in every way: how late does a request still arrive?

    python -m tests.benchmarks.opt_outs [seconds [workers]]         (default: 30 4)
    tests/with-postgres python -m tests.benchmarks.opt_outs [seconds [workers]]

Every number is in four batches of different accounts, and busy numbers are retried at once. People
opt out in calls (by an outcome, in words, by a key), and other systems report opt-outs by API and
by webhook. The carrier's ledger is the judge. An opt-out counts from the last look at the list that
did not show it, so the printed times are upper bounds. Exits 1 if a request came more than a second
after an opt-out, or if one of the ways was not used.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import urllib3
from standardwebhooks import Webhook

if TYPE_CHECKING:
    from tests.installation import Installation

BATCHES, NUMBERS = 4, 3_000
LONGEST_SECONDS, LOOK_EVERY_SECONDS = 1.0, 0.05
WAYS = ("outcome", "words", "key", "API", "webhook")
OUTCOMES = {
    **{"human": 0.1, "no_answer": 0.55, "busy": 0.2},
    **{"opts_out": 0.05, "says_stop": 0.05, "presses_key": 0.05},
}
PREPARE = """
from django.contrib.auth.models import User
from batchcalls.access import api_keys
from batchcalls.batches import opt_out_sources
from batchcalls.database import clock
from batchcalls.webhooks import signing
policy = CallingPolicy.objects.create(name='Often')
policy.retry_rules.create(outcome='no_answer', max_retries=3, wait_seconds=0)
policy.retry_rules.create(outcome='busy', max_retries=3, wait_seconds=0)
Campaign.objects.create(name='Often', prompt='Hello.', policy=policy)
owner = User.objects.create_superuser('crm')
_, key = api_keys.create(owner, name='CRM', scopes=['do_not_call:write'])
source = opt_out_sources.create('Website', actor=owner)
secret = signing.source_secrets(source, now=clock.now())[0]
"""
#: What is new on the list since the last look; some were written before others that show earlier.
LOOK = """[
    (entry.pk, entry.e164, entry.source, entry.is_hold) for entry in
    Suppression.objects.filter(pk__gt={after}).order_by('pk')
]"""
OVERLAP = 500
KEY_PRESSES = (
    "list(OptOutReview.objects.filter(language='Key press').values_list('e164', flat=True))"
)


@dataclass(slots=True)
class Seen:
    """The numbers on the do-not-call list, the way of each, and the time before it was seen."""

    way_of: dict[str, str] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    last: int = 0

    def look(self, here: Installation, looked_at: float) -> float:
        """Note what is new; return the time of this look."""
        at = time.monotonic()
        for pk, number, source, is_hold in here.ask(LOOK.format(after=self.last - OVERLAP)):
            self.last = max(self.last, pk)
            way = {"api": "API", "form": "webhook"}.get(source, "words" if is_hold else "outcome")
            self.way_of.setdefault(number, way)
            self.since.setdefault(number, looked_at)
        return at


def run(folder: Path, database_url: str, *, seconds: float, workers: int) -> tuple[Seen, list[Any]]:
    """Return who opted out and when, and the carrier's ledger."""
    from tests.installation import (
        WEBHOOK_SECRET,
        Installation,
        carrier_environment,
        free_port,
        wait_for,
    )
    from tests.voice.carrier.process import Carrier

    port = free_port()
    environment = {"PUBLIC_URL": f"http://127.0.0.1:{port}", "WORKERS": 1, "LOG_LEVEL": "WARNING"}
    with (
        Carrier() as carrier,
        Installation(folder, database_url, **carrier_environment(carrier), **environment) as here,
    ):
        carrier.control(
            latency_seconds=0.05,
            jitter_seconds=0.05,
            talk_seconds=[0.1, 2],
            outcomes=OUTCOMES,
            webhook_secret=WEBHOOK_SECRET,
        )
        here.start_web(port)
        here.act(PREPARE)
        for number in range(BATCHES):
            here.make_account(f"line {number}", provider="bland", concurrency=1_000)
            options = ("--account", f"line {number}", "--campaign", "Often")
            # Each batch begins elsewhere, so that a number is dialed at different times.
            path = _list(folder, begin=number * NUMBERS // BATCHES)
            here.manage("sendbatch", str(path), "--detach", "--json", *options)
        for _ in range(workers):
            here.start_worker()
        wait_for(lambda: carrier.live()["requests"] >= 10, seconds=60, what="calls go out")
        seen, looked_at, until = Seen(), time.monotonic(), time.monotonic() + seconds
        address, key, secret = here.ask("[source.url, key, secret]")
        with _reports(port, address, key, secret):
            while time.monotonic() < until:
                looked_at = seen.look(here, looked_at)
                time.sleep(LOOK_EVERY_SECONDS)
        # Whoever would still be dialed is dialed now.
        time.sleep(3)
        for number in here.ask(KEY_PRESSES):
            if seen.way_of.get(number) == "words":
                seen.way_of[number] = "key"
        return seen, carrier.ledger()


def _list(folder: Path, *, begin: int) -> Path:
    path = folder / f"list-{begin}.csv"
    numbers = [f"+1415{2_000_000 + n}" for n in range(NUMBERS)]
    path.write_text("\n".join(["phone_number", *numbers[begin:], *numbers[:begin]]), "utf-8")
    return path


@contextmanager
def _reports(port: int, address: str, key: str, secret: str) -> Iterator[None]:
    """Report opt-outs by API and by webhook meanwhile, as fast as the web server answers."""
    over = threading.Event()
    web, dice = (
        urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=2, timeout=30),
        random.Random(1),
    )

    def by_api() -> None:
        while not over.wait(0.1):
            body = json.dumps({"phone_number": _any(dice)})
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            _must_succeed(web.request("POST", "/api/v1/do-not-call", body=body, headers=headers))

    def by_webhook() -> None:
        while not over.wait(0.1):
            body, now = (
                json.dumps({"phone_number": _any(dice), "source": "form"}),
                datetime.now(UTC),
            )
            message = f"msg_{dice.getrandbits(64)}"
            signature = Webhook(secret).sign(msg_id=message, timestamp=now, data=body)
            headers = {
                "webhook-id": message,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": signature,
            }
            _must_succeed(web.request("POST", address, body=body, headers=headers))

    threads = [threading.Thread(target=report) for report in (by_api, by_webhook)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _any(dice: random.Random) -> str:
    return f"+1415{2_000_000 + dice.randrange(NUMBERS)}"


def _must_succeed(answer: urllib3.BaseHTTPResponse) -> None:
    if answer.status >= 300:
        print(answer.status, answer.data[:500])


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.databases import drop_template, new_database

    given = [int(word) for word in sys.argv[1:]]
    seconds, workers = [*given, *(30, 4)[len(given) :]]
    with tempfile.TemporaryDirectory() as name, new_database(Path(name)) as url:
        seen, ledger = run(Path(name), url, seconds=seconds, workers=workers)
    drop_template()
    after: dict[str, list[float]] = defaultdict(list)
    before = 0
    for row in ledger:
        if row["to"] not in seen.since:
            continue
        if (late := row["received_at"] - seen.since[row["to"]]) > 0:
            after[seen.way_of[row["to"]]].append(late)
        else:
            before += 1
    print(f"{len(ledger):,} requests in {seconds} s, {workers} workers")
    print(f"{len(seen.since):,} numbers opted out; {before:,} requests to them before that")
    wrong = False
    print(f"{'way':>8}  opt-outs  requests after  the last after")
    for way in WAYS:
        count, late = list(seen.way_of.values()).count(way), after[way]
        wrong = wrong or not count or max(late, default=0.0) > LONGEST_SECONDS
        print(f"{way:>8}  {count:8,}  {len(late):14,}  {max(late, default=0.0):12.2f} s")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
