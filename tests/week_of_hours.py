"""Call thousands of mixed numbers through a week on a moved clock, for `tests.hours_oracle`.

Batches with different policies are created from CSV files, checked, and dialed by the engine.
Only the clock and the carrier are those of the test. The carrier notes when each request arrives.
"""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from unittest import mock

import phonenumbers
import time_machine
from django.db.models import Min

from batchcalls.batches import lifecycle
from batchcalls.calling import chunks, results
from batchcalls.calling.dispatch import Dispatcher
from batchcalls.database import clock as database_clock
from batchcalls.drafting import drafts
from batchcalls.intake import runner
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.models import Batch, Recipient, VoiceAccount
from batchcalls.states import CallStatus
from batchcalls.voice.base import CallAccepted, CallRequest, VoiceEvent, always
from campaigns.models import CallingPolicy, Campaign
from tests.calling.placing import Recorder, lease_of
from tests.hours_oracle import (
    CANADA,
    COUNTRIES,
    DAY,
    TOLL_FREE,
    WRITTEN,
    Row,
    Rules,
    Sent,
    first_allowed,
    shares,
    zip_zones,
    zones_of,
    zones_of_number,
)

WORKDAYS, WEEKEND = range(5), (5, 6)
#: How often a row's outcome is what; the rest is a conversation.
OUTCOMES = {"no_answer": 0.4, "busy": 0.2, "voicemail": 0.1}


def policies(around: date) -> dict[str, Rules]:
    """Return the rules of each batch, for a week with a day in its middle."""
    return {
        "floor only": Rules(),
        "work hours": Rules(
            windows={day: [(9 * 60, 17 * 60 + 30)] for day in WORKDAYS},
            blackout=frozenset({around - DAY}),
            caps={DAY: 2, 7 * DAY: 4},
            retries=3,
            wait=timedelta(hours=1),
        ),
        "twice a day": Rules(
            windows={day: [(10 * 60, 13 * 60), (15 * 60, 20 * 60)] for day in range(6)},
            retries=2,
            wait=timedelta(minutes=30),
            another_hour=True,
        ),
        "weekend": Rules(
            windows={day: [(0, 24 * 60)] for day in WEEKEND},
            caps={7 * DAY: 1},
            retries=1,
        ),
    }


def rows_of(seed: int, count: int) -> list[Row]:
    """Return rows with numbers of all kinds, and what lists say of their places."""
    draw = random.Random(seed)
    zips = list(zip_zones())
    codes = [code for code in shares("area_code") if code not in CANADA]
    states = list(shares("state"))

    # Area codes with several zones are drawn more often.
    split = [code for code, counts in shares("area_code").items() if len(counts) > 1]

    def digits(count: int) -> str:
        return "".join(str(draw.randrange(10)) for _ in range(count))

    def number() -> str:
        kind = draw.random()
        if kind < 0.25:
            prefix, more, _ = draw.choice(COUNTRIES)
            return prefix + digits(more)
        code = draw.choice(
            codes
            if kind < 0.6
            else split
            if kind < 0.85
            else TOLL_FREE
            if kind < 0.9
            else list(CANADA)
        )
        return f"+1{code}{draw.randrange(2, 10)}{draw.choice('023456789')}{digits(5)}"

    def said(number: str) -> dict[str, str]:
        """Draw what the other columns of a row say, which may contradict its number."""
        kind = draw.random()
        if kind < 0.1:
            return {"timezone": draw.choice(zones_of_number(number))}
        if kind < 0.15:
            return {"timezone": draw.choice(["Australia/Lord_Howe", "Pacific/Chatham"])}
        if kind < 0.2:
            return {"timezone": draw.choice([*WRITTEN, "Europe/Berlin"])}
        if kind > 0.5 or not number.startswith("+1"):
            return {}
        columns = {"postcode": draw.choice(zips), "state": draw.choice(states)}
        if kind < 0.45:
            name = "postcode" if kind < 0.35 else "state"
            return {name: columns[name]}
        return {"timezone": draw.choice(list(WRITTEN)), **columns}

    numbers = [number() for _ in range(count)]
    return [Row(position, one, **said(one)) for position, one in enumerate(numbers)]


@dataclass(slots=True)
class Week:
    """The batches of a run, and what the carrier saw."""

    began: datetime
    rows: dict[str, list[Row]]
    rules: dict[str, Rules]
    batches: dict[str, Batch] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)

    def unlike_the_dry_run(self) -> Iterator[str]:
        """Yield each group of rows whose first call was not when the dry run said."""
        for name, batch in self.batches.items():
            groups = self._zones_of_rows(batch)
            first: dict[str, datetime] = {}
            for one in self.sent:
                if one.batch == name:
                    zones = groups[one.row]
                    first[zones] = min(one.at, first.get(zones, one.at))
            for zone in batch.dry_run["time_zones"]:
                said = zone["first_at"] and datetime.fromisoformat(zone["first_at"])
                said = self.began if zone["now"] else said
                was = first.get(zone["zones"])
                if said < self.began + 7 * DAY and was != said:
                    yield f"{name}: {zone} but the first call was at {was}"
            for zones in first.keys() - {zone["zones"] for zone in batch.dry_run["time_zones"]}:
                yield f"{name}: rows in {zones} were called, and the dry run says never"

    def never_called(self) -> Counter[str]:
        """Count by reason the rows that were never called although their hours were open once."""
        called = {(one.batch, one.row) for one in self.sent}
        allowed: dict[tuple[str, tuple[str, ...]], bool] = {}
        reasons: Counter[str] = Counter()
        for name, batch in self.batches.items():
            rows = {row.row: row for row in self.rows[name]}
            for recipient in Recipient.objects.filter(batch=batch).exclude(e164=""):
                row = rows[int(recipient.request_data["row"])]
                if (name, row.row) not in called:
                    key = name, zones_of(row)
                    if key not in allowed:
                        first = first_allowed(self.began, key[1], self.rules[name])
                        allowed[key] = first is not None and first < self.began + 7 * DAY
                    reasons[str(recipient.reason_code)] += allowed[key]
        return +reasons

    def _zones_of_rows(self, batch: Batch) -> dict[int, str]:
        rows = Recipient.objects.filter(batch=batch).values_list("request_data", "time_zones")
        return {int(data["row"]): zones for data, zones in rows}


class SlowCarrier(Recorder):
    """Notes the moment of each request; now and then, a connection takes a while."""

    keeps_waiting = False

    def __init__(self, week: Week, clock: Any, draw: random.Random, *, slow: float) -> None:
        super().__init__()
        self._week, self._clock, self._draw, self._slow = week, clock, draw, slow
        self._names = {batch.pk: name for name, batch in week.batches.items()}

    def place(self, request: CallRequest, *, may_send: Any = always) -> CallAccepted:
        if self._draw.random() < self._slow:
            self._clock.shift(self._draw.choice([0.5, 3, 20, 40, 44, 50]))
        accepted = super().place(request, may_send=may_send)
        assert request.batch_id is not None
        name, row = self._names[request.batch_id], int(request.variables["row"])
        self._week.sent.append(Sent(name, row, request.to, datetime.now(UTC)))
        return accepted


@contextmanager
def moved_clock(began: datetime) -> Iterator[Any]:
    """Move the wall clock of this process, which the database follows."""
    with (
        time_machine.travel(began, tick=False) as clock,
        mock.patch.object(database_clock, "_has_own_clock", return_value=False),
    ):
        yield clock


def run(
    began: datetime, *, count: int, seed: int = 1, shared: float = 0.0, pace_seconds: float = 0.0
) -> Week:
    """Dial ``count`` rows in four batches for a week, from a moment on.

    ``shared`` of the rows have the number of a row of the batch before. With a pace, at most 128
    calls are dialed at a time and so many seconds pass until the next: rows are then waiting when
    hours close. Without it, all that are due are dialed at once.
    """
    rules = policies(began.date() + 3 * DAY)
    some = rows_of(seed, count)
    size = count // len(rules)
    rows = {name: some[n * size : (n + 1) * size] for n, name in enumerate(rules)}
    draw = random.Random(seed)
    names = list(rules)
    for before, name in pairwise(names):
        for n in range(size):
            if draw.random() < shared:
                rows[name][n] = replace(rows[before][n], row=rows[name][n].row)
    week = Week(began, rows, rules)
    account = VoiceAccount.objects.create(
        name=f"week {began:%Y-%m-%d}",
        provider="bland",
        concurrency=1_000_000,
        countries=sorted(phonenumbers.SUPPORTED_REGIONS),
    )
    with moved_clock(began) as clock:
        for name in rules:
            week.batches[name] = _launch(account, name, rules[name], rows[name])
        carrier = SlowCarrier(week, clock, draw, slow=0.02 if pace_seconds else 0.0)
        _dial(week, account, carrier, clock, draw, pace_seconds=pace_seconds)
    return week


def _launch(account: VoiceAccount, name: str, rules: Rules, rows: list[Row]) -> Batch:
    policy = CallingPolicy.objects.create(
        name=f"{name} {account}",
        attempts_24h=rules.caps.get(DAY),
        attempts_7d=rules.caps.get(7 * DAY),
        retry_another_hour=rules.another_hour,
    )
    if rules.windows != Rules().windows:
        for weekday, spans in rules.windows.items():
            for opens, closes in spans:
                policy.calling_windows.create(
                    weekday=weekday, opens_at=_clock(opens), closes_at=_clock(closes)
                )
    for day in rules.blackout:
        policy.blackout_dates.create(date=day)
    if rules.retries:
        # Only no answer is retried, so that the number of retries is that of the rule.
        policy.retry_rules.create(
            outcome="no_answer",
            max_retries=rules.retries,
            wait_seconds=round(rules.wait.total_seconds()),
        )
    campaign = Campaign.objects.create(
        name=f"{name} {account}", prompt="Call about {{row}}.", policy=policy
    )
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["phone_number", "row", "timezone", "postcode", "state"])
    table.writerows([row.number, row.row, row.timezone, row.postcode, row.state] for row in rows)
    request = drafts.DraftRequest(
        name=name,
        account=account,
        campaign=campaign,
        duplicates="call_each_row",
        reading=ReadingOptions(),
    )
    batch = drafts.create(request, io.BytesIO(text.getvalue().encode()), file_name="list.csv")
    Batch.objects.filter(pk=batch.pk).update(chunk_size=len(rows) + 1)
    batch.refresh_from_db()
    lifecycle.submit(batch, launch=True)
    while runner.run_batch(batch.pk, seconds=600):
        pass
    batch.refresh_from_db()
    return batch


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def _dial(
    week: Week,
    account: VoiceAccount,
    carrier: SlowCarrier,
    clock: Any,
    draw: random.Random,
    *,
    pace_seconds: float,
) -> None:
    end = week.began + 7 * DAY
    waiting = Recipient.objects.filter(batch__account=account, due_at__isnull=False)
    seen = 0
    while (now := datetime.now(UTC)) < end:
        chunks.queue_due(account, now=now)
        with lease_of(account) as lease, Dispatcher(carrier, lease) as dispatcher:
            while True:
                dispatcher.claim_again()
                dispatcher.step()
                if dispatcher.idle and (pace_seconds or not waiting.due(now).exists()):
                    break
        _end_calls(account, week.sent[seen:], carrier, draw)
        seen = len(week.sent)
        next_at = waiting.aggregate(at=Min("due_at"))["at"]
        if next_at is None:
            return
        wait = pace_seconds * 2 * draw.random() if pace_seconds else 0.0
        clock.move_to(max(next_at, datetime.now(UTC) + timedelta(seconds=wait)))


def _end_calls(
    account: VoiceAccount, sent: list[Sent], carrier: SlowCarrier, draw: random.Random
) -> None:
    """End all new calls, each with an outcome."""
    now = datetime.now(UTC)
    events = []
    for request in carrier.placed[-len(sent) :] if sent else []:
        outcome = draw.choices(
            [*OUTCOMES, "human"], [*OUTCOMES.values(), 1 - sum(OUTCOMES.values())]
        )[0]
        status = CallStatus(outcome) if outcome in CallStatus.values else CallStatus.COMPLETED
        picked_up = status == CallStatus.COMPLETED
        events.append(
            VoiceEvent(
                event_key=f"end-{request.correlation_id}",
                provider_call_id=f"rec-{request.correlation_id}",
                status=status,
                raw_status=str(status),
                occurred_at=now,
                answered_by=outcome if picked_up else "no_answer",
            )
        )
    for first in range(0, len(events), 500):
        results.apply(account.pk, events[first : first + 500], now=now)
