"""Call a batch while clocks disagree, judged by the carrier's ledger.

The suite runs short versions, ``tests/benchmarks`` long ones. Each function returns what is wrong,
as sentences.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from tests import chaos
from tests.installation import Installation, carrier_environment, wait_for
from tests.voice.carrier.process import Carrier

OPTIONS = {**chaos.OPTIONS, "poll_seconds": 1}
#: More than half of the answers are lost, though each of these has a call.
LOST_ANSWERS = {"reset_after_rate": 0.3, "error_after_rate": 0.3, "talk_seconds": [0.1, 0.5]}


def whole_host_off(
    folder: Path, database_url: str, *, minutes: int, recipients: int, seconds: float = 60.0
) -> list[str]:
    """Call while the carrier's clock differs from that of every host and the database."""
    with (
        Carrier() as carrier,
        Installation(folder, database_url, **carrier_environment(carrier), WORKERS=1) as here,
    ):
        carrier.control(**LOST_ANSWERS, clock_offset_seconds=-60 * minutes)
        here.make_account("carrier", provider="bland", cps=50, concurrency=500, options=OPTIONS)
        batch = here.make_batch(recipients, "--account", "carrier")
        here.start_worker()
        _wait_until_over(here, batch, seconds=seconds)
        wrong = _judge(here, carrier)
        ahead = _ahead(here)
        if ahead is None or abs(ahead - 60 * minutes) > 30:
            wrong.append(f"The account says that our clock is {ahead} s ahead.")
        return wrong


def _ahead(here: Installation) -> int | None:
    """Return what the account notes when its tick ends, which may be later than its batch."""
    until = time.monotonic() + 30
    while True:
        ahead: int | None = here.ask("VoiceAccount.objects.get(name='carrier').clock_ahead_seconds")
        if ahead is not None or time.monotonic() > until:
            return ahead
        time.sleep(0.2)


def one_worker_off(
    folder: Path, database_url: str, *, minutes: int, recipients: int, seconds: float = 60.0
) -> list[str]:
    """Call with two workers, one of which has another clock than the database.

    First it is alone: it imports, does not dial, and says why. Then the other one joins.
    """
    with (
        Carrier() as carrier,
        Installation(folder, database_url, **carrier_environment(carrier), WORKERS=2) as here,
    ):
        carrier.control(latency_seconds=0.5, talk_seconds=[0.1, 0.5])
        here.make_account("carrier", provider="bland", cps=50, concurrency=500, options=OPTIONS)
        first = here.make_batch(recipients // 2, "--account", "carrier")
        here.start_worker(minutes_ahead=minutes)
        wait_for(
            lambda: "tick.clock_off" in here.log.read_text() or carrier.live()["requests"],
            seconds=seconds,
            what="the worker refuses to call",
        )
        problem = here.ask("WorkerHeartbeat.objects.get().clock_problem")
        requests = carrier.live()["requests"]
        here.start_worker()
        second = here.make_batch(recipients // 2, "--account", "carrier", first=recipients)
        _wait_until_over(here, first, second, seconds=seconds)
        wrong = _judge(here, carrier)
        if requests:
            wrong.append(f"The worker whose clock is off placed {requests} calls.")
        word = "ahead of" if minutes > 0 else "behind"
        if f"s {word} the database's; it does not call." not in problem:
            wrong.append(f"The worker says about its clock: {problem!r}.")
        return wrong


def _wait_until_over(here: Installation, *batches: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not here.is_over(*batches) and time.monotonic() < until:
        time.sleep(0.2)


def _judge(here: Installation, carrier: Carrier) -> list[str]:
    """Compare our tables with the carrier's ledger."""
    dialed = Counter(row["to"] for row in carrier.ledger() if row["call_id"])
    recipients = here.ask("list(Recipient.objects.values_list('e164', 'status', 'reason'))")
    batches = here.ask("list(Batch.objects.values_list('status', 'reason'))")
    twice = [number for number, times in dialed.items() if times > 1]
    wrong = [f"{len(twice)} of {len(dialed)} people were dialed twice."] if twice else []
    wrong += [
        f"{number} was dialed {dialed[number]} times and is {status}: {reason}"
        for number, status, reason in recipients
        if status != "done"
    ]
    wrong += [f"A batch is {status}: {why}" for status, why in batches if status != "completed"]
    return wrong
