"""Call through a carrier that loses its answers and leaves calls out of its list.

The carrier's ledger says how often each number was dialed. The suite runs a short version,
``tests/benchmarks`` a long one.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.installation import (
    WEBHOOK_SECRET,
    Installation,
    carrier_environment,
    free_port,
    wait_for,
)
from tests.voice.carrier.process import Carrier

#: Every call exists, its answer is a 500, and no list shows it.
FAULTS: dict[str, Any] = {
    "error_after_rate": 1.0,
    "unlisted_rate": 1.0,
    "talk_seconds": [0.2, 0.2],
}
#: Account timeouts with which the provider's denial is believed after a second.
OPTIONS = {
    "absent_after_seconds": 1,
    "poll_seconds": 1,
    "silence_seconds": 2,
    "connect_timeout_seconds": 1,
    "read_timeout_seconds": 2,
}

#: How long a run may take on a busy machine, which fails no test.
LONGEST_SECONDS = 180.0


@dataclass(slots=True)
class Verdict:
    """What the ledger and our tables say after the run; see `run`."""

    dialed: Counter[str] = field(default_factory=Counter)
    #: Dialed after each time that a person resumed the batch, the first entry being the launch.
    rounds: list[int] = field(default_factory=list)
    pauses: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    batch_status: str = ""
    #: Codes of the entries in the batch's log that name a call.
    log: Counter[str] = field(default_factory=Counter)


def run(
    folder: Path,
    database_url: str,
    *,
    recipients: int,
    workers: int = 1,
    webhook_delay_seconds: float | None = None,
    faults: dict[str, Any] | None = None,
) -> Verdict:
    """Call a list; resume whenever the account pauses, until the batch is over.

    With ``webhook_delay_seconds``, each call is reported so long after it ended, and the run ends
    when all are.
    """
    verdict, port = Verdict(), free_port()
    with (
        Carrier() as carrier,
        Installation(
            folder,
            database_url,
            **carrier_environment(carrier),
            PUBLIC_URL=f"http://127.0.0.1:{port}",
            WORKERS=1,
        ) as here,
    ):
        carrier.control(**{**FAULTS, **(faults or {})})
        if webhook_delay_seconds is not None:
            carrier.control(
                webhook_secret=WEBHOOK_SECRET, webhook_delay_seconds=webhook_delay_seconds
            )
            here.start_web(port)
        here.make_account("carrier", provider="bland", options=OPTIONS)
        batch = here.make_batch(recipients, "--account", "carrier")
        for _ in range(workers):
            here.start_worker()

        def status() -> str:
            return str(here.ask(f"Batch.objects.get(pk='{batch}').status"))

        deadline = time.monotonic() + LONGEST_SECONDS
        while not here.is_over(batch) and time.monotonic() < deadline:
            if status() == "paused":
                # What is on its way, and what is being asked about, comes to an end first.
                wait_for(
                    lambda: (
                        not here.ask(
                            "CallResult.objects.filter(ended_at=None, "
                            "next_check_at__isnull=False).exists()"
                        )
                    ),
                    seconds=LONGEST_SECONDS,
                    what="nothing is being asked about",
                )
                verdict.rounds.append(len(carrier.ledger()))
                here.act(f"lifecycle.resume(Batch.objects.get(pk='{batch}'))")
            time.sleep(0.2)
        if webhook_delay_seconds is not None:
            wait_for(
                lambda: not _unknown(here, carrier.ledger()),
                seconds=webhook_delay_seconds + LONGEST_SECONDS,
                what="every call is reported and attached",
            )
        _judge(verdict, here, carrier, batch)
    return verdict


def _judge(verdict: Verdict, here: Installation, carrier: Carrier, batch: str) -> None:
    ledger = carrier.ledger()
    verdict.dialed = Counter(row["to"] for row in ledger if row["call_id"])
    verdict.rounds.append(len(ledger))
    verdict.statuses = Counter(here.ask("list(Recipient.objects.values_list('status', flat=True))"))
    verdict.batch_status = here.ask(f"Batch.objects.get(pk='{batch}').status")
    verdict.pauses = here.ask(
        "list(BatchEvent.objects.filter(to_status='paused').values_list('code', flat=True))"
    )
    verdict.log = Counter(
        here.ask("list(BatchEvent.objects.filter(to_status='').values_list('code', flat=True))")
    )


def _unknown(here: Installation, ledger: list[dict[str, Any]]) -> bool:
    """Return whether the carrier has a call whose report we do not have."""
    ended = "CallResult.objects.filter(status='completed')"
    ours = set(here.ask(f"list({ended}.values_list('provider_call_id', flat=True))"))
    return any(row["call_id"] not in ours for row in ledger if row["call_id"])
