"""The deployment of config/deploy stays up while slow clients attack it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.attacks import HOOK, PROBES, Site, burst, measure, prepare
from tests.databases import NewDatabase
from tests.deployment import deployed, need_nginx
from tests.installation import Installation, free_port, need_redis, start_redis, wait_for

pytestmark = pytest.mark.processes

CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def installed(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[tuple[Site, Installation]]:
    need_nginx()
    need_redis()
    folder = tmp_path_factory.mktemp("deployed")
    with new_database(folder) as url:
        if not url.startswith("postgres"):
            pytest.skip("The deployment runs on PostgreSQL: tests/with-postgres pytest …")
        redis = free_port()
        broker = f"redis://127.0.0.1:{redis}/0"
        with deployed(folder, url, processes=1, BROKER_URL=broker) as deployment:
            here = deployment.here
            start_redis(here, redis)
            site = Site(deployment.port, prepare(here, megabytes=4), deployment.context())
            for name, (probe, expected) in PROBES.items():

                def answers(probe: object = probe, expected: int = expected) -> bool:
                    return probe(site)[0] == expected  # type: ignore[operator]

                wait_for(answers, seconds=60, what=f"{name} answers")
            yield site, here


def test_slow_clients_stop_nobody_else(installed: tuple[Site, Installation]) -> None:
    site, here = installed
    measured = list(measure(site, counts=(8, 80)))

    assert len(measured) == 18
    assert [one for one in measured if one[3] != PROBES[one[2]][1]] == []
    assert here.ask("EmergencyStop.objects.in_force().count()") == 1


def test_a_burst_of_webhooks_is_stored_and_not_refused(
    installed: tuple[Site, Installation],
) -> None:
    site, here = installed
    before = here.ask("CallEvent.objects.count()")
    statuses, _ = burst(site, 150, connections=75)
    assert statuses == {204: 150}
    assert here.ask("CallEvent.objects.count()") == before + 150


def test_a_body_without_a_length_is_bounded_while_it_arrives(
    installed: tuple[Site, Installation],
) -> None:
    site, _ = installed
    chunk = b"186a0\r\n" + b"x" * 100_000 + b"\r\n"
    assert site.ask(site.head("POST", "/emergency/stop/", CHUNKED) + chunk + b"0\r\n\r\n")[0] == 413
    # One that fits is passed on whole, and is no webhook.
    assert site.ask(site.head("POST", HOOK, CHUNKED) + chunk + b"0\r\n\r\n")[0] == 403


def test_nginx_sends_a_finished_workbook_that_nobody_can_ask_it_for(
    installed: tuple[Site, Installation],
) -> None:
    site, here = installed
    export = str(uuid4())
    here.act(
        "from django.core.files.base import ContentFile",
        f"export = Export(pk={export!r}, kind='call_log', status='done')",
        "export.file.save('calls.xlsx', ContentFile(b'rows of the workbook'))",
    )
    page = site.head("GET", f"/batchcalls/export/{export}/file/", "Connection: close")
    with site.connect() as connection:
        connection.sendall(page)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.endswith(b"\r\n\r\nrows of the workbook")
    assert b'filename="calls.xlsx"' in answer
    assert b"X-Accel-Redirect" not in answer

    inside = f"/-/media/exports/{export}/calls.xlsx"
    assert site.ask(site.head("GET", inside))[0] == 404
