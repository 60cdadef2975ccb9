"""Tools that are defined in a request: passed on to the provider, and secret everywhere else."""

from __future__ import annotations

import json
import logging
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import tablib
from django.apps import apps
from django.conf import settings as project
from django.db import connection
from django.test import Client
from django.utils import timezone

from batchcalls.calling import call_requests, destinations
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.reporting.exports.batch_tables import OF_A_BATCH
from campaigns.call_settings import sealing
from campaigns.models import Campaign
from campaigns.resources import CampaignResource
from tests.blandapi.conftest import HUMAN, NOBODY, Carry, Program
from tests.voice.bland_account import bland, carrier, carrier_process
from tests.voice.carrier.process import Carrier

__all__ = ["carrier", "carrier_process"]

SECRET = "hush-4711"
TOOL = {
    "name": "UpdateBooking",
    "description": "Change a booking.",
    "url": f"https://example.com/u?key={SECRET}",
    "method": "POST",
    "headers": {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"},
    "body": {"a": "{{input.a}}", "token": SECRET},
    "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}},
    "response": {"ok": "$.success"},
}
OTHER = {**TOOL, "name": "Cancel"}
DYNAMIC = [{"url": "https://example.com", "headers": [{"key": "X-Key", "value": SECRET}]}]

pytestmark = pytest.mark.usefixtures("example_hosts")


def everything_stored() -> str:
    """Return all that the database and the stored files hold, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found += [str(cursor.fetchall())]
    files = [path for path in Path(project.MEDIA_ROOT).rglob("*") if path.is_file()]
    return "\n".join([*found, *(path.read_bytes().decode("latin-1") for path in files)])


def test_tools_reach_the_provider_and_their_secrets_are_seen_nowhere_else(
    program: Program,
    carry: Carry,
    carrier: Carrier,
    admin_client: Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    shared = {"task": "Say hello.", "tools": ["TL-1", TOOL], "dynamic_data": DYNAMIC}
    body: dict[str, Any] = {
        "global": shared,
        "call_objects": [{"phone_number": HUMAN}, {"phone_number": NOBODY, "tools": [OTHER]}],
        "test_mode": False,
    }
    answers = [program.post("/v2/batches/create", body, Idempotency_Key="one")]
    batch = carry(answers[0])

    asked = {}
    for call in CallResult.objects.select_related("recipient").order_by("pk"):
        bland().place(call_requests.build(batch, call.recipient, call))
        asked[call.to_number] = carrier.last()["body"]
    asked = {to: json.loads(one) if isinstance(one, str) else one for to, one in asked.items()}
    assert asked[HUMAN]["tools"] == ["TL-1", TOOL]
    assert asked[NOBODY]["tools"] == [OTHER]
    assert asked[HUMAN]["dynamic_data"] == DYNAMIC

    answers.append(program.post("/v2/batches/create", body, Idempotency_Key="one"))
    answers.append(program.post("/v1/batches", {**body, "test_mode": True}))
    answers.append(program.post("/v1/calls", {"phone_number": HUMAN, **shared}))
    single = Batch.objects.get(single_call_id=answers[-1].json()["call_id"])
    assert single.call_settings["custom_tools"] == [TOOL]
    bad = {**TOOL, "url": f"ftp://example.com/{SECRET}"}
    answers.append(program.post("/v1/calls", {"phone_number": HUMAN, "task": "x", "tools": [bad]}))
    assert answers[-1].status_code == 400
    for path in (f"/v2/batches/{batch.pk}", f"/v1/calls/{CallResult.objects.all()[0].call_id}"):
        answers.append(program.get(path))
    for path in ("", "/recipients", "/events", "/settings", "/dry-run", "/rejected", "/results"):
        answers.append(program.get(f"/api/v1/batches/{batch.pk}{path}"))
    calls = dict(CallResult.objects.values_list("pk", "call_id"))
    answers += [program.get(f"/api/v1/calls/{call_id}") for call_id in calls.values()]
    pages = [f"batch/{batch.pk}/change/", *(f"callresult/{pk}/change/" for pk in calls)]
    answers += [admin_client.get(f"/batchcalls/{page}") for page in pages]
    for answer in answers:
        assert answer.status_code in {200, 400}, answer.request
        parts = answer.streaming_content if answer.streaming else [answer.content]
        assert SECRET not in b"".join(parts).decode(), answer.request
    tables = [make(batch) for make in OF_A_BATCH.values()]
    cells = [cell for table in tables for row in table.rows for cell in row]
    assert "set, not shown" in cells
    assert SECRET not in str(cells)
    assert "sealed:" in everything_stored()
    assert SECRET not in everything_stored()
    assert SECRET not in caplog.text


def test_a_secret_whose_key_is_gone_pauses_the_batch_and_is_not_lost(
    program: Program, carry: Carry, settings: Any
) -> None:
    body = {"task": "Hi.", "calls": [{"phone_number": HUMAN}], "tools": [TOOL]}
    answer = program.post("/v1/batches", {**body, "start_time": "2099-01-01 12:00:00"})
    batch = Batch.objects.get(pk=answer.json()["batch_id"])
    key, settings.SECRET_KEY = settings.SECRET_KEY, "another"

    batch.refresh_from_db()
    refused = destinations.why_unusable(batch)
    assert refused is not None
    assert (refused.code, refused.message[:36]) == (
        "setting_unreadable",
        "custom_tools was encrypted with a SE",
    )
    row = Recipient(batch=batch, call_settings=batch.call_settings)
    assert destinations.check_hosts(row.call_settings, lambda: pytest.fail("not asked")) == refused
    # Saving what could not be read keeps it.
    batch.save()

    settings.SECRET_KEY = key
    batch.refresh_from_db()
    assert batch.call_settings["custom_tools"] == [TOOL]
    assert destinations.why_unusable(batch) is None
    assert timezone.now() < batch.start_at


def test_an_export_of_campaigns_has_no_secrets_and_its_import_keeps_them() -> None:
    stored = {"custom_tools": [TOOL], "voice": "June"}
    campaign = Campaign.objects.create(name="C", prompt="Hi.", call_settings=stored)
    assert SECRET not in everything_stored()

    exported = CampaignResource().export()

    assert SECRET not in exported.csv
    assert "June" in exported.csv
    changed = tablib.Dataset(headers=exported.headers)
    changed.append([cell.replace("June", "Nat") for cell in exported[0]])
    done = CampaignResource().import_data(changed, raise_errors=True)
    assert (done.totals["update"], done.totals["error"]) == (1, 0)
    campaign.refresh_from_db()
    assert campaign.call_settings == {"custom_tools": [TOOL], "voice": "Nat"}
    assert CampaignResource().import_data(changed).totals["skip"] == 1


def test_a_host_that_is_not_allowed_gets_no_data_by_a_tool(program: Program) -> None:
    tool = {**TOOL, "url": "https://evil.example/u"}
    answer = program.post("/v1/calls", {"phone_number": HUMAN, "task": "x", "tools": [tool]})
    assert answer.status_code == 400
    assert (
        "custom_tools[0].url: data of calls may not be sent to evil.example"
        in answer.content.decode()
    )


def test_settings_of_earlier_releases_are_sealed_by_the_upgrade() -> None:
    campaign = Campaign.objects.create(name="C", prompt="Hi.", call_settings={"voice": "June"})
    table = connection.ops.quote_name(Campaign._meta.db_table)
    plain = json.dumps({"dynamic_data": DYNAMIC})
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET call_settings = %s", [plain])  # noqa: S608
    assert SECRET in everything_in_plain(table)
    campaign.refresh_from_db()
    assert campaign.call_settings == {"dynamic_data": DYNAMIC}

    upgrade = import_module("campaigns.migrations.0011_personas_and_sealed_settings")
    upgrade.seal_stored(apps, None)

    assert SECRET not in everything_in_plain(table)
    campaign.refresh_from_db()
    assert campaign.call_settings == {"dynamic_data": DYNAMIC}
    assert not sealing.is_sealed(campaign.call_settings["dynamic_data"])


def everything_in_plain(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT call_settings FROM {table}")  # noqa: S608
        return str(cursor.fetchall())
