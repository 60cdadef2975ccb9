"""Real workers, one of them killed: every call is told, and twice only under the same id."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.databases import NewDatabase
from tests.installation import (
    WEBHOOK_SECRET,
    Installation,
    carrier_environment,
    free_port,
    wait_for,
)
from tests.voice.carrier.process import Carrier
from tests.webhooks.receiver import receiving

pytestmark = pytest.mark.processes

ROWS = 300


def test_a_worker_that_is_killed_leaves_no_call_untold(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    with (
        receiving() as receiver,
        new_database(tmp_path) as url,
        Installation(
            tmp_path,
            url,
            WEBHOOK_ALLOWED_HOSTS="127.0.0.1",
            LEASE_SECONDS=2,
            STALE_CLAIM_SECONDS=3,
        ) as here,
    ):
        here.ask(
            "VoiceAccount.objects.filter(pk=VoiceAccount.objects.built_in().pk)"
            ".update(options={'speed': 0})"
        )
        here.act(
            "from batchcalls.webhooks import endpoints",
            f"endpoints.create(url={receiver.url('/endpoint')!r})",
        )
        path = tmp_path / "list.csv"
        lines = "".join(f"+1415{2_000_000 + n},{receiver.url(f'/{n}')}\n" for n in range(ROWS))
        path.write_text(f"phone_number,webhook\n{lines}", encoding="utf-8")
        options = ["--map", "webhook=webhook", "--prompt", "Hello.", "--detach", "--json"]
        told = here.manage("sendbatch", str(path), *options)
        batch_id = json.loads(told)["batch_id"]

        worker = here.start_worker()
        wait_for(lambda: len(receiver.received) > 40, seconds=60, what="webhooks arrive")
        here.kill(worker)
        # Otherwise the dead worker's leases last two minutes, and the message it took a minute.
        here.act(
            "WebhookDelivery.objects.update(lease_until=None)",
            "Doorbell.objects.update(rung_at=None)",
        )
        here.start_worker()
        wait_for(lambda: here.is_over(batch_id), seconds=90, what="the batch is over")
        wait_for(
            lambda: here.ask("not WebhookDelivery.objects.waiting().exists()"),
            seconds=90,
            what="everything is sent",
        )
        calls = here.ask("[str(pk) for pk in CallResult.objects.values_list('call_id', flat=True)]")

    of_rows = [one for one in receiver.received if one.path != "/endpoint"]
    assert {one.json["call_id"] for one in of_rows} == set(calls)
    assert len({one.headers["webhook-id"] for one in of_rows}) == len(calls) >= ROWS
    of_calls = [
        one.json["data"]["call_id"]
        for one in receiver.received
        if one.path == "/endpoint" and one.json["type"] == "call.finished"
    ]
    assert set(of_calls) == set(calls)
    # What was under way when the worker died came twice, and nothing else did.
    assert len(receiver.received) - len({one.body for one in receiver.received}) <= 64


def test_a_provider_reports_to_us_and_we_report_each_call_once_to_its_own_webhook(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    """The provider sends its reports twice and is never asked: we would wait ten minutes."""
    web, rows = free_port(), 40
    with (
        receiving() as receiver,
        new_database(tmp_path) as url,
        Carrier(seed=1) as carrier,
        Installation(
            tmp_path,
            url,
            **carrier_environment(carrier),
            WEBHOOK_ALLOWED_HOSTS="127.0.0.1",
            PUBLIC_URL=f"http://127.0.0.1:{web}",
        ) as here,
    ):
        carrier.control(
            talk_seconds=[0.1, 0.5], webhook_secret=WEBHOOK_SECRET, webhook_duplicate_rate=1.0
        )
        here.start_web(web)
        patient = {"poll_seconds": 600, "silence_seconds": 600}
        here.make_account("carrier", provider="bland", concurrency=100, options=patient)
        path = tmp_path / "list.csv"
        lines = "".join(f"+1415{2_000_000 + n},{receiver.url(f'/{n}')}\n" for n in range(rows))
        path.write_text(f"phone_number,webhook\n{lines}", encoding="utf-8")
        options = ["--prompt", "Hello.", "--account", "carrier", "--detach", "--json"]
        options += ["--purpose", "informational", "--map", "webhook=webhook"]
        batch_id = json.loads(here.manage("sendbatch", str(path), *options))["batch_id"]
        here.start_worker()
        wait_for(lambda: here.is_over(batch_id), seconds=90, what="the batch is over")
        wait_for(lambda: len(receiver.received) >= rows, seconds=30, what="all is reported")

    assert sorted(one.path for one in receiver.received) == sorted(f"/{n}" for n in range(rows))
    assert {one.json["batch_id"] for one in receiver.received} == {batch_id}
