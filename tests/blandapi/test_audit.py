"""No URL of the compatible API changes or shows anything protected without an audit entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from batchcalls.access import origins
from batchcalls.blandapi.urls import urlpatterns
from batchcalls.models import AuditEntry, CallResult
from batchcalls.voice import recordings
from campaigns.models import AllowedHost
from tests.blandapi.conftest import BATCH_V1, BATCH_V2, CALL, Carry, Program

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

HUMAN = {**CALL, "phone_number": "+12025550190"}
#: Each URL: whether it leaves an entry, and else why not.
DOORS: dict[str, str] = {
    **dict.fromkeys(
        [
            *("v1/batches", "v2/batches", "v1/batches/create", "v2/batches/create"),
            *("v1/batches/<str:batch_id>", "v1/batches/<str:batch_id>/stop"),
            *("v2/batches/<str:batch_id>/stop", "v1/calls", "v1/calls/active/stop"),
            *("v1/calls/<str:call_id>", "v1/calls/<str:call_id>/stop"),
            *("v1/calls/<str:call_id>/correct", "v1/calls/<str:call_id>/recording"),
            *("v1/recordings/<str:call_id>", "v1/postcall/webhooks/resend"),
            *("v1/postcall/webhooks/create", "v1/postcall/webhooks/<str:call_id>"),
            *("v1/call", "call", "batch", "logs", "end"),
        ],
        "",
    ),
    **dict.fromkeys(
        [
            *("v2/batches/list", "v2/batches/<str:batch_id>", "v2/batches/<str:batch_id>/logs"),
            *("v1/calls/active", "v1/me", "v1/voices"),
            f"^{origins.BLAND_API}",
            *("v1/batches/<str:batch_id>/analyze", "v1/batches/<str:batch_id>/analysis"),
            *("v1/calls/<str:call_id>/analyze", "v1/calls/<str:call_id>/events"),
            "v1/event_stream/<str:call_id>",
        ],
        "shows no transcript or recording",
    ),
}


def test_every_url_leaves_an_entry_or_says_why_not() -> None:
    assert {str(one.pattern) for one in urlpatterns} == set(DOORS)


def test_each_request_that_changes_or_shows_something_protected_leaves_its_entry(
    program: Program, carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def entries_of(ask: Callable[[], Any]) -> set[tuple[str, str]]:
        before = AuditEntry.objects.count()
        answer = ask()
        if answer.streaming:
            b"".join(answer.streaming_content)
        assert answer.status_code == 200
        new = AuditEntry.objects.order_by("-pk")[: AuditEntry.objects.count() - before]
        assert all(entry.api_key_name == str(program.key) for entry in new)
        assert all(entry.door == "bland_api" for entry in new)
        return {(entry.action, entry.kind.partition(".")[2]) for entry in new}

    def post(path: str, body: Any = None) -> Callable[[], Any]:
        return lambda: program.post(path, body)

    def get(path: str) -> Callable[[], Any]:
        return lambda: program.get(path)

    played: Any = type("Played", (), {"status": 200, "content_type": "", "headers": {}})
    played.__iter__ = lambda self: iter([b"x"])
    monkeypatch.setattr(recordings, "fetch", lambda url, *, wanted: played())

    assert ("launched", "batch") in entries_of(post("/v2/batches/create", BATCH_V2))
    sent = program.post("/v1/calls", HUMAN)
    batch = carry(sent)
    call = CallResult.objects.get(batch=batch)
    assert call.transcript
    CallResult.objects.update(recording_url="https://media.example.com/1.mp3")
    viewed = {("viewed", "callresult")}
    url = f"/v1/calls/{call.call_id}"
    assert entries_of(get("/v1/calls")) == set()
    assert entries_of(get(url)) == viewed
    assert entries_of(get(f"{url}/correct")) == viewed
    assert entries_of(get(f"{url}/recording")) == viewed
    assert entries_of(get(f"/v1/recordings/{call.call_id}")) == viewed
    AllowedHost.objects.create(host="new.example.com")
    reported = {"call_ids": [str(call.call_id)], "webhook_url": "https://new.example.com/T0K3N"}
    answer = entries_of(post("/v1/postcall/webhooks/create", reported))
    assert answer == {("exported", "webhookdelivery")}
    assert "T0K3N" not in str(list(AuditEntry.objects.values()))
    assert entries_of(get(f"/v1/postcall/webhooks/{call.call_id}")) == viewed
    again = post("/v1/postcall/webhooks/resend", {"call_ids": [str(call.call_id)]})
    assert entries_of(again) == {("sent_again", "webhookdelivery")}

    made = program.post("/v2/batches", BATCH_V2).json()
    wanted = get(f"/v1/batches/{made['data']['batch_id']}")
    assert entries_of(wanted) == {("viewed", "batch")}
    silent = get(f"/v1/batches/{made['data']['batch_id']}?include_transcripts=false")
    assert entries_of(silent) == set()
    stop = post(f"/v2/batches/{made['data']['batch_id']}/stop")
    assert entries_of(stop) == {("canceled", "batch")}
    waiting = program.post("/v1/calls", HUMAN).json()["call_id"]
    assert entries_of(post(f"/v1/calls/{waiting}/stop")) == {("canceled", "batch")}
    program.post("/v1/calls", HUMAN)
    assert entries_of(post("/v1/calls/active/stop")) == {("canceled", "batch")}

    # The addresses of earlier versions.
    for earlier, body in (("/call", HUMAN), ("/v1/call", HUMAN), ("/batch", BATCH_V1)):
        assert ("launched", "batch") in entries_of(post(earlier, body))
    assert entries_of(post("/logs", {"call_id": str(call.call_id)})) == viewed
    waiting = program.post("/v1/calls", HUMAN).json()["call_id"]
    assert entries_of(post("/end", {"call_id": waiting})) == {("canceled", "batch")}
