"""Time what must always answer, with and without slow clients, behind nginx and without it.

    tests/with-postgres python -m tests.benchmarks.attacks

The deployment is that of config/deploy. Without it means one gunicorn with eight threads that
clients reach directly, as quickstart runs it. Exits with an error if an answer of the deployment
took a second or more.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import tests.settings  # noqa: F401 - new_database asks for the kind of database
from tests import attacks
from tests.attacks import PROBES, Site, measure, prepare
from tests.databases import new_database
from tests.deployment import deployed
from tests.installation import (
    WEBHOOK_SECRET,
    Installation,
    free_port,
    start_redis,
    wait_for,
)

LONGEST_SECONDS = 1.0
QUIET_ROUNDS = 20
BURST = 2_000


@contextlib.contextmanager
def behind_nginx(folder: Path, url: str) -> Iterator[Site]:
    redis = free_port()
    broker = f"redis://127.0.0.1:{redis}/0"
    with deployed(folder, url, processes=2, BROKER_URL=broker) as deployment:
        start_redis(deployment.here, redis)
        session = prepare(deployment.here, megabytes=4)
        yield Site(deployment.port, session, deployment.context())


@contextlib.contextmanager
def without_nginx(folder: Path, url: str) -> Iterator[Site]:
    port = free_port()
    environment = {
        "BLAND_API_KEY": "key",
        "BLAND_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    with Installation(folder, url, **environment) as here:
        session = prepare(here, megabytes=4)
        here.start_web(port)
        yield Site(port, session)


@contextlib.contextmanager
def installed(
    start: Callable[[Path, str], contextlib.AbstractContextManager[Site]],
) -> Iterator[Site]:
    with (
        tempfile.TemporaryDirectory() as name,
        new_database(Path(name)) as url,
        start(Path(name), url) as site,
    ):
        yield site


def tell(site: Site, *, counts: tuple[int, ...]) -> float:
    """Print a table row for each measurement; return the longest of the answers."""
    longest = 0.0
    for probe, expected in PROBES.values():
        wait_for(lambda p=probe, e=expected: p(site)[0] == e, seconds=60, what="it answers")  # type: ignore[misc]
    for name, (probe, _) in PROBES.items():
        seconds = [probe(site)[1] for _ in range(QUIET_ROUNDS)]
        print(f"| none | {name} | {statistics.median(seconds):.3f} s | {max(seconds):.3f} s |")
        longest = max(longest, *seconds)
    for attack, count, name, status, seconds in measure(site, counts):
        answered = status == PROBES[name][1]
        said = f"{seconds:.3f} s" if answered else f"no answer within {seconds:.0f} s ({status})"
        print(f"| {count} {attack} | {name} | {said} | |", flush=True)
        longest = max(longest, seconds if answered else float("inf"))
    return longest


def main() -> None:
    """Measure both, and a burst of webhooks."""
    if "DATABASE_URL" not in os.environ:
        sys.exit("Run it on PostgreSQL: tests/with-postgres python -m tests.benchmarks.attacks")
    with installed(behind_nginx) as site:
        print("Behind nginx, as config/deploy sets it up:")
        longest = tell(site, counts=(8, 80))
        statuses, seconds = attacks.burst(site, BURST)
        print(f"{BURST} webhooks at once: {dict(statuses)}, the last after {seconds:.1f} s")
    with installed(without_nginx) as site:
        print("One gunicorn with eight threads, without nginx:")
        attacks.PATIENCE_SECONDS = 5
        tell(site, counts=(8,))
    if longest >= LONGEST_SECONDS:
        sys.exit(f"The deployment took {longest:.3f} s to answer.")


if __name__ == "__main__":
    main()
