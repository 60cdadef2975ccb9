"""Call one list in several batches by several workers, while its numbers are blocked one by one.

Each batch has an account of its own, so that different workers claim the same numbers at the same
time. The carrier's ledger is the judge.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.installation import Installation, carrier_environment, wait_for
from tests.voice.carrier.process import Carrier

BATCHES, CAP = 3, 2
#: Wide enough for every attempt of a run; a carrier on loopback is at most this late.
LATE_SECONDS = 1.0
CAMPAIGN = f"""
policy = CallingPolicy.objects.create(name='Capped', attempts_24h={CAP})
policy.retry_rules.create(outcome='no_answer', max_retries=3, wait_seconds=0)
policy.retry_rules.create(outcome='busy', max_retries=3, wait_seconds=0)
Campaign.objects.create(name='Capped', prompt='Hello.', policy=policy)
"""
BLOCK = """
suppressing.suppress({{number: 'Test.' for number in {numbers}}}, source=SuppressionSource.MANUAL)
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ledger says: requests by number, and how late those to blocked numbers came.

    ``latest_seconds`` is from the commit that blocked a number to the last request to it; None if
    none came after it.
    """

    dialed: Counter[str]
    blocked: int
    opted_out: int
    late: list[float]

    @property
    def most(self) -> int:
        """The most requests to one number."""
        return max(self.dialed.values(), default=0)

    @property
    def latest_seconds(self) -> float | None:
        return max(self.late, default=None)


def run(
    folder: Path, database_url: str, *, numbers: int, workers: int, seconds: float, block: bool
) -> Verdict:
    """Dial ``numbers`` in three batches; with ``block``, block every other one meanwhile."""
    with (
        Carrier() as carrier,
        Installation(folder, database_url, **carrier_environment(carrier), WORKERS=1) as here,
    ):
        carrier.control(
            latency_seconds=0.05,
            jitter_seconds=0.05,
            talk_seconds=[0.1, 0.3],
            outcomes={"human": 0.3, "no_answer": 0.4, "busy": 0.3},
        )
        here.act("from batchcalls.batches import suppressing", CAMPAIGN)
        batches = []
        for number in range(BATCHES):
            here.make_account(
                f"line {number}",
                provider="bland",
                cps=numbers / 5 if block else None,
                concurrency=1_000,
                options={"silence_seconds": 1},
            )
            batches.append(
                here.make_batch(numbers, "--account", f"line {number}", "--campaign", "Capped")
            )
        for _ in range(workers):
            here.start_worker()
        wait_for(lambda: carrier.live()["requests"] >= 10, seconds=60, what="calls go out")
        committed = _block(here, numbers) if block else {}
        until = time.monotonic() + seconds
        while time.monotonic() < until and not (
            here.is_over(*batches) or (not here.ask(_STILL_TO_DIAL) and carrier.live()["live"] == 0)
        ):
            time.sleep(0.5)
        ledger = carrier.ledger()
        late = [
            row["received_at"] - committed[row["to"]]
            for row in ledger
            if row["to"] in committed and row["received_at"] > committed[row["to"]]
        ]
        return Verdict(
            dialed=Counter(row["to"] for row in ledger if row["call_id"]),
            blocked=len(committed),
            opted_out=here.ask("Suppression.objects.filter(source='call').count()"),
            late=late,
        )


#: Rows that are not capped until tomorrow, skipped, or done.
_STILL_TO_DIAL = """Recipient.objects.filter(
    status__in=['pending', 'queued', 'dialing', 'in_call', 'retry_wait', 'unconfirmed']
).exists()"""


def _block(here: Installation, numbers: int) -> dict[str, float]:
    """Block every other number while calls go out; return when each commit was over."""
    committed = {}
    # From the end of the list, so that most are blocked before they are dialed.
    for first in range(numbers - 1, 0, -2):
        number = f"+1415{2_000_000 + first}"
        here.act(BLOCK.format(numbers=[number]))
        committed[number] = time.monotonic()
    return committed
