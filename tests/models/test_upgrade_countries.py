"""An upgrade keeps caller IDs, and the countries that an account uses."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from batchcalls.models import VoiceAccount

BEFORE = [("batchcalls", "0028_verdicts_of_refusals")]


def make(apps: Any, name: str, provider: str, *regions: str, **fields: Any) -> None:
    account = apps.get_model("batchcalls", "VoiceAccount").objects.create(
        name=name, provider=provider, caller_ids=fields.pop("caller_ids", [])
    )
    batch = apps.get_model("batchcalls", "Batch").objects.create(
        name=name, account=account, prompt="Hello.", status="paused", **fields
    )
    for number, region in enumerate(regions, start=2):
        apps.get_model("batchcalls", "Recipient").objects.create(
            batch=batch,
            row_number=number,
            region=region,
            e164="+8816123456789" if region == "001" else f"+120255501{number:02}",
            status="skipped" if region == "FR" else "pending",
            reason_code="duplicate" if region == "FR" else "",
        )


@pytest.mark.django_db(transaction=True)
def test_an_account_keeps_what_it_uses() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    apps = executor.loader.project_state(BEFORE).apps
    caller_ids = ["+12025550101", "+12025550100", "+12025550101"]
    make(apps, "simulator", "simulator", "MX", caller_ids=caller_ids)
    make(apps, "at home", "bland", "US", "")
    transfers = {"transfer_list": {"default": "+442079460123"}, "voice": "maya"}
    make(apps, "abroad", "bland", "CA", "FR", "001", call_settings=transfers)
    make(apps, "from abroad", "bland", caller_ids=["+4930123456", "nonsense"])
    make(apps, "ended", "bland", call_settings={"transfer_phone_number": "+33142685300"})
    apps.get_model("batchcalls", "Batch").objects.filter(name="ended").update(
        status="canceled", ended_at=timezone.now()
    )

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())

    found = {one.name: one for one in VoiceAccount.objects.all()}
    assert {name: (one.countries, one.special_numbers) for name, one in found.items()} == {
        "simulator": ([], []),
        "at home": ([], []),
        "abroad": (["CA", "GB", "US"], ["satellite"]),
        "from abroad": (["DE", "US"], []),
        "ended": ([], []),
    }
    numbers = [one.e164 for one in found["simulator"].caller_ids.order_by("pk")]
    assert numbers == ["+12025550101", "+12025550100"]
    assert [one.e164 for one in found["from abroad"].caller_ids.all()] == ["+4930123456"]

    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    old = executor.loader.project_state(BEFORE).apps.get_model("batchcalls", "VoiceAccount")
    assert old.objects.get(name="simulator").caller_ids == numbers
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
