"""No operation of the API changes or shows anything protected without an audit entry."""

from __future__ import annotations

from typing import Any

import pytest

from batchcalls.access import audit, audit_values, origins
from batchcalls.models import ApiKey, AuditEntry, Batch, CallResult
from batchcalls.voice import recordings
from batchcalls.webhooks import endpoints
from campaigns.models import AllowedHost, Campaign, Pathway, Suppression, Tool
from tests.api.audited_operations import AUDITED, SHOWN_THERE, SILENT
from tests.api.conftest import Program
from tests.api.test_schema import OPERATIONS

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
SECRET = "https://user:pass@crm.example.com/T0K3N?key=S3CR3T"


def last() -> AuditEntry:
    return AuditEntry.objects.order_by("-pk")[0]


def test_every_operation_leaves_an_entry_or_says_why_not() -> None:
    known = [*AUDITED, *SHOWN_THERE, *SILENT]
    assert len(known) == len(set(known))
    assert set(known) == set(OPERATIONS)


def test_an_entry_says_who_did_it_with_which_key_and_in_which_request(program: Program) -> None:
    body = {"name": "Reminder", "purpose": "informational", "prompt": "Hi."}
    made = program.post("/api/v1/campaigns", body).json()
    changed = {"prompt": "Good day.", "call_settings": {"webhook": "https://a.example.com/T0K3N"}}
    program.patch(f"/api/v1/campaigns/{made['id']}", changed)
    entry = last()
    assert (entry.action, entry.kind, entry.object_id) == (
        *("changed", "campaigns.campaign"),
        str(made["id"]),
    )
    assert (entry.actor_name, entry.api_key_name) == (
        program.key.owner.username,
        str(program.key),
    )
    assert (entry.door, entry.address, entry.session) == ("api", "127.0.0.1", "")
    assert (entry.before["prompt"], entry.after["prompt"]) == ("Hi.", "Good day.")
    assert "T0K3N" not in str(entry.after)
    assert entry.request_id


def test_what_is_deleted_is_kept_in_its_entry(program: Program) -> None:
    for model, path, fields in (
        (Campaign, "campaigns", {"name": "Old", "prompt": "Hi."}),
        (Pathway, "pathways", {"name": "Old", "pathway_id": "pw-1"}),
        (Tool, "tools", {"name": "Old", "reference": "TL-1"}),
        (AllowedHost, "allowed-hosts", {"host": "Old.example.com"}),
    ):
        row = model.objects.create(**fields)
        assert program.delete(f"/api/v1/{path}/{row.pk}").status_code == 204
        entry = last()
        assert (entry.action, entry.kind) == ("deleted", f"campaigns.{model.__name__.lower()}")
        assert entry.before | fields == entry.before
        assert entry.object_name.startswith("Old")


def test_an_allowed_host_is_kept_in_its_entry(program: Program) -> None:
    host = AllowedHost.objects.create(host="crm.example.com")
    assert program.delete(f"/api/v1/allowed-hosts/{host.pk}").status_code == 204
    assert (last().action, last().before["host"]) == ("deleted", "crm.example.com")


def test_a_deleted_endpoint_stays_with_its_messages(program: Program) -> None:
    endpoint = endpoints.create(url="https://crm.example.com/T0K3N")
    url = f"/api/v1/webhook-endpoints/{endpoint.pk}"
    program.post(f"{url}/test")
    assert program.patch(url, {"url": "https://other.example.com/"}).status_code == 200
    assert (last().action, last().kind) == ("changed", "batchcalls.webhookendpoint")
    assert "T0K3N" not in str(last().before)
    assert program.delete(url).status_code == 204
    assert (last().action, last().object_id) == ("deleted", str(endpoint.pk))
    assert program.get("/api/v1/webhook-endpoints").json()["results"] == []
    listed = program.get("/api/v1/webhook-endpoints?state=deleted").json()["results"]
    assert listed[0]["deleted_at"]
    assert program.get(url).json()["enabled"] is False
    assert program.post(f"{url}/test").status_code == 404
    assert program.patch(url, {"enabled": True}).status_code == 404
    [delivery] = program.get("/api/v1/webhook-deliveries").json()["results"]
    assert (delivery["endpoint"], delivery["status"]) == (str(endpoint.pk), "dead")


def test_an_entry_about_a_number_has_no_number_and_is_found_by_it(program: Program) -> None:
    number = "+12025550123"
    reason = "rang (202) 555-0123 and +44 20 7946 0018"
    program.post("/api/v1/do-not-call", {"phone_number": number, "reason": reason})
    program.delete(f"/api/v1/do-not-call/{number}")
    program.get("/api/v1/do-not-call?number=%2B12025550123")
    assert not Suppression.objects.exists()
    written = str(list(AuditEntry.objects.values()))
    assert "5550123" not in written
    assert "555-0123" not in written
    assert "7946 0018" not in written
    found = program.get("/api/v1/audit-entries?number=%2B1+202+555+0123").json()["results"]
    assert [one["action"] for one in found] == ["deleted", "added"]
    assert found[0]["object_name"] == "+1 202 ••• ••23"


def test_a_list_that_shows_transcripts_and_a_recording_are_entries(
    program: Program, make_batch: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(make_batch("+12025550190", "+12025550193"))
    CallResult.objects.update(recording_url="https://media.example.com/1.mp3")
    before = AuditEntry.objects.count()
    program.get("/api/v1/calls")
    assert AuditEntry.objects.count() == before
    shown = program.get("/api/v1/calls?fields=id,transcript")
    assert shown.status_code == 200
    assert (last().action, last().note, last().count) == ("viewed", "Transcript", 2)
    played: Any = type("Played", (), {"status": 200, "content_type": "", "headers": {}})()
    type(played).__iter__ = lambda self: iter([b"x"])
    monkeypatch.setattr(recordings, "fetch", lambda url, *, wanted: played)
    call = CallResult.objects.order_by("pk")[0]
    program.get(f"/api/v1/calls/{call.call_id}/recording")
    assert (last().action, last().note, last().object_id) == ("viewed", "Recording", str(call.pk))
    assert call.to_number not in str(list(AuditEntry.objects.values()))


def test_bulk_statements_of_the_functions_are_seen_and_the_deleted_user_s_name_is_kept(
    program: Program,
) -> None:
    endpoint = endpoints.create(url="https://crm.example.com/")
    owner = program.key.owner
    with audit.changing(endpoint, actor=owner):
        type(endpoint).objects.filter(pk=endpoint.pk).update(description="by update()")
    assert last().after == {"description": "by update()"}
    owner.delete()
    assert not ApiKey.objects.exists()
    assert last().actor_name == owner.username


def test_secrets_and_huge_values_do_not_get_into_an_entry() -> None:
    endless: Any = {"a": {}}
    inner = endless["a"]
    for _ in range(50):
        inner["a"] = {}
        inner = inner["a"]
    values = {
        "password": "hunter2",
        "salt": "5a17",
        "url": SECRET,
        "prompt": "x" * 1_000_000,
        "rows": list(range(100_000)),
        "call_settings": {
            "request_headers": {"Authorization": "S3CR3T"},
            "voice": "June",
            "dynamic_data": "S3CR3T",
        },
        "deep": endless,
        "odd": "\x00\ud800",
    }
    entry = audit.record(audit.AuditAction.CHANGED, Batch, before={}, after=values)
    entry.refresh_from_db()
    written = str(entry.after)
    assert len(written) < 2 * audit_values.LONGEST_SIDE
    for secret in ("hunter2", "5a17", "T0K3N", "S3CR3T", "pass@"):
        assert secret not in written
    assert "1,000,000 characters" in written
    assert entry.after["password"] == "(hidden)"


def test_a_worker_s_entry_has_no_person_and_a_command_s_names_the_command() -> None:
    assert audit.record(audit.AuditAction.CHANGED, Batch).door == "worker"
    with origins.coming_from(origins.Origin(command="stopcalls")):
        entry = audit.record(audit.AuditAction.CHANGED, Batch)
    assert (entry.door, entry.note) == ("command", "(manage.py stopcalls)")
    assert entry.actor_name


def test_a_forged_header_is_not_where_it_came_from(program: Program) -> None:
    body = {"name": "Calendar", "reference": "TL-1"}
    program.post("/api/v1/tools", body, X_Forwarded_For="203.0.113.7", X_Real_IP="203.0.113.7")
    assert last().address == "127.0.0.1"


def test_a_change_that_fails_leaves_no_entry(program: Program) -> None:
    Tool.objects.create(name="Calendar", reference="TL-1")
    before = AuditEntry.objects.count()
    answer = program.post("/api/v1/tools", {"name": "Other", "reference": "TL-1"})
    assert answer.status_code >= 400
    assert AuditEntry.objects.count() == before
