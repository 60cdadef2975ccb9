"""Batches that wait for no reason, and slow rates, as the carrier sees them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.databases import NewDatabase
from tests.installation import Installation, carrier_environment, wait_for
from tests.voice.carrier.process import Carrier

pytestmark = pytest.mark.processes


@pytest.fixture
def here(tmp_path: Path, new_database: NewDatabase, carrier: Carrier) -> Iterator[Installation]:
    with (
        new_database(tmp_path) as url,
        Installation(tmp_path, url, **carrier_environment(carrier), WORKERS=2) as installation,
    ):
        yield installation


def gaps_of(carrier: Carrier) -> list[float]:
    times = [row["received_at"] for row in carrier.ledger()]
    return [later - earlier for earlier, later in pairwise(times)]


def test_a_batch_that_is_launched_beside_busy_ones_is_called_within_seconds(
    here: Installation, carrier: Carrier
) -> None:
    carrier.control(talk_seconds=[60, 60])
    here.make_account("carrier", provider="bland", concurrency=100)
    here.start_worker()
    # Each uses all of its own lines for long, and has more people to call.
    for n in range(2):
        here.make_batch(20, "--account", "carrier", "--concurrency", "5", first=1_000 * n)
    wait_for(lambda: carrier.live()["requests"] >= 10, seconds=30, what="both are called")
    new = here.make_batch(5, "--account", "carrier", first=9_000)
    launched = f"Batch.objects.get(pk='{new}').status in {{'dispatching', 'in_progress'}}"
    wait_for(lambda: here.ask(launched), seconds=30, what="it is launched")

    wait_for(lambda: carrier.live()["requests"] >= 15, seconds=10, what="the new one is called")


def test_without_a_worker_one_call_a_second_is_one_call_a_second(
    here: Installation, carrier: Carrier
) -> None:
    carrier.control(talk_seconds=[0.1, 0.1])
    here.make_account("carrier", provider="bland", options={"silence_seconds": 1})
    path = here.folder / "list.csv"
    path.write_text("phone_number\n" + "".join(f"+1415200000{n}\n" for n in range(8)))
    said = ("--prompt", "Hello.", "--purpose", "informational")
    options = ("--account", "carrier", "--cps", "1", *said, "--json")
    here.manage("sendbatch", str(path), *options)

    gaps = gaps_of(carrier)
    assert len(gaps) == 7
    # Over all: a call that leaves late, on a busy machine, is followed by the next one on time.
    assert 0.95 <= sum(gaps) / len(gaps) <= 1.8
    assert min(gaps) >= 0.5


def test_a_provider_that_asks_to_wait_for_ever_is_named_and_overruled(
    here: Installation, carrier: Carrier
) -> None:
    carrier.control(talk_seconds=[0.1, 0.1], throttle_rate=1.0, throttle_retry_after="999999999")
    here.make_account("carrier", provider="bland", options={"silence_seconds": 1})
    here.start_worker()
    batch = here.make_batch(3, "--account", "carrier")
    here.act("from batchcalls.reporting.waiting import waiting_of")
    reason = "[one.message for one in waiting_of(Batch.objects.all()).values()]"
    wait_for(
        lambda: "the provider asked for it" in str(here.ask(reason)),
        seconds=30,
        what="the batch says that the provider asked for it",
    )

    carrier.control(throttle_rate=0.0)
    here.manage("trynow", "carrier")
    wait_for(lambda: here.is_over(batch), seconds=20, what="the batch is over")
    assert carrier.live()["calls"] == 3
