"""Real workers, one of them killed: every call is told, and twice only under the same id."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.batchcalls.receiver import receiving
from tests.installation import Installation, database_of_its_own, wait_for

pytestmark = pytest.mark.processes

ROWS = 300


def test_a_worker_that_is_killed_leaves_no_call_untold(tmp_path: Path) -> None:
    with (
        receiving() as receiver,
        database_of_its_own(tmp_path) as url,
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
            "from batchcalls import deliver, webhook_endpoints",
            f"webhook_endpoints.create(url={receiver.url('/endpoint')!r})",
        )
        path = tmp_path / "list.csv"
        lines = "".join(f"+1415{2_000_000 + n},{receiver.url(f'/{n}')}\n" for n in range(ROWS))
        path.write_text(f"phone_number,webhook\n{lines}", encoding="utf-8")
        told = here.manage("sendbatch", str(path), "--prompt", "Hello.", "--detach", "--json")
        batch_id = json.loads(told)["batch_id"]

        worker = here.start_worker()
        wait_for(lambda: len(receiver.received) > 40, seconds=60, what="webhooks arrive")
        here.kill(worker)
        # Nobody waits two minutes for the lease of the dead to run out, but for the test's sake.
        here.act("WebhookDelivery.objects.update(lease_until=None)")
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
