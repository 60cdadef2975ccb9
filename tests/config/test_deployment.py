"""The deployment of config/deploy stays up while slow clients attack it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks import PROBES, Site, measure, prepare
from tests.databases import NewDatabase
from tests.deployment import Deployment, deployed, need_nginx
from tests.installation import free_port, need_redis, start_redis, wait_for

pytestmark = pytest.mark.processes

#: More webhooks at once than one second's worth.
BURST = 500


@pytest.fixture
def deployment(tmp_path: Path, new_database: NewDatabase) -> Iterator[Deployment]:
    need_nginx()
    need_redis()
    with new_database(tmp_path) as url:
        if not url.startswith("postgres"):
            pytest.skip("The deployment runs on PostgreSQL: tests/with-postgres pytest …")
        redis = free_port()
        broker = f"redis://127.0.0.1:{redis}/0"
        with deployed(tmp_path, url, processes=1, BROKER_URL=broker) as deployment:
            start_redis(deployment.here, redis)
            yield deployment


def test_slow_clients_stop_nobody_else(deployment: Deployment) -> None:
    session = prepare(deployment.here, megabytes=4)
    site = Site(deployment.port, session, deployment.context())
    for probe, expected in PROBES.values():
        wait_for(lambda p=probe, e=expected: p(site)[0] == e, seconds=30, what="it answers")  # type: ignore[misc]

    measured = list(measure(site, counts=(8, 80)))

    assert len(measured) == 18
    assert [one for one in measured if one[3] != PROBES[one[2]][1]] == []
    assert deployment.here.ask("EmergencyStop.objects.in_force().count()") == 1
