"""Redis as the broker on several hosts: messages may be lost, but work is not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.calling.test_workers import placed_by
from tests.databases import NewDatabase
from tests.installation import (
    Installation,
    free_port,
    need_redis,
    start_redis,
    wait_for,
)

RECIPIENTS = 400

pytestmark = pytest.mark.processes


def test_a_lost_redis_loses_nothing_and_calls_nobody_twice(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    need_redis()
    port = free_port()
    with (
        new_database(tmp_path) as url,
        Installation(tmp_path, url, BROKER_URL=f"redis://127.0.0.1:{port}/0") as here,
    ):
        here.ask(
            "VoiceAccount.objects.filter(pk=VoiceAccount.objects.built_in().pk)"
            ".update(options={'speed': 0, 'latency_seconds': 0.05}, cps=50)"
        )
        path = tmp_path / "list.csv"
        rows = "".join(f"+1415{2000000 + n},Shop {n}\n" for n in range(RECIPIENTS))
        path.write_text(f"phone_number,shop\n{rows}", encoding="utf-8")
        options = ["--prompt", "Call {{shop}}.", "--detach", "--json"]
        # Redis is down, so the message is lost, but the batch is launched all the same.
        batch_id = json.loads(here.manage("sendbatch", str(path), *options))["batch_id"]

        redis = start_redis(here, port)
        hosts = [here.start_worker(), here.start_worker()]
        wait_for(lambda: len(placed_by(here)) > 50, seconds=60, what="calls go out")
        here.kill(redis)
        start_redis(here, port)
        wait_for(
            lambda: here.ask(f"Batch.objects.get(pk='{batch_id}').is_over"),
            seconds=150,
            what="the batch is over",
        )
        assert all(host.poll() is None for host in hosts), "A worker did not survive."
        placed = placed_by(here)
        statuses = Counter(here.ask("list(Recipient.objects.values_list('status', flat=True))"))

    assert len(placed) == len(set(placed)) == RECIPIENTS
    assert statuses == Counter(done=RECIPIENTS - statuses["failed"], failed=statuses["failed"])
