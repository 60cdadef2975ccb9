"""The examples of the API document are what the API answers.

After a change that is meant to change them, record them again, renew the document as
``test_schema.py`` says, and commit both files:

    RECORD_API_EXAMPLES=1 python -m pytest tests/api/test_examples.py
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone

from batchcalls.access import api_keys
from batchcalls.api import examples
from batchcalls.calling import ticks
from batchcalls.intake import runner
from batchcalls.models import Batch, CallResult, Scope, VoiceAccount, WebhookDelivery
from batchcalls.states import DeliveryStatus
from campaigns.models import CallingPolicy
from tests.api.audited_operations import AUDITED, SILENT
from tests.api.conftest import Program
from tests.api.recording import HOST, Recorder

RECORDING = bool(os.environ.get("RECORD_API_EXAMPLES"))
HOW_TO_RECORD = "RECORD_API_EXAMPLES=1 python -m pytest tests/api/test_examples.py"
HUMAN, VOICEMAIL, THIRD = "+12025550190", "+12025550193", "+12025550191"
PROMPT = "Remind {{name}} of the appointment on {{date}}."
SETTINGS = {"voice": "June", "max_duration": 5}
EMILY = {
    "phone_number": HUMAN,
    "request_data": {"name": "Emily", "date": "July 12"},
    "metadata": {"crm_id": "A-17"},
    "voice": "Derek",
}
NOAH = {"phone_number": VOICEMAIL, "request_data": {"name": "Noah", "date": "July 13"}}
ZOE = {"phone_number": THIRD, "request_data": {"name": "Zoe", "date": "July 14"}}
WRONG = {"phone_number": "123", "request_data": {"name": "Eve", "date": "July 15"}}
OCTOBER = {"name": "October reminders", "prompt": PROMPT, "call_settings": SETTINGS}


@pytest.fixture
def recorder(account: VoiceAccount, settings: Any) -> Recorder:
    """A key of Ada's at an installation with an address of its own."""
    settings.ALLOWED_HOSTS = [HOST]
    settings.PUBLIC_URL = f"https://{HOST}"
    ada = User.objects.create_user("ada", is_staff=True)
    ada.groups.add(Group.objects.get(name="Managers"))
    key, secret = api_keys.create(ada, name="crm", scopes=Scope.values)
    program = Program(key, secret)
    program.client = Client(SERVER_NAME=HOST, headers={"Authorization": f"Bearer {secret}"})
    return Recorder(program)


def test_the_examples_are_what_the_api_answers(
    recorder: Recorder, account: VoiceAccount, run: Callable[..., Batch]
) -> None:
    tell_of_the_key_and_its_accounts(recorder, account)
    write_a_campaign(recorder)
    endpoint = add_an_endpoint(recorder)
    over = send_a_batch(recorder, run)
    look_at_the_batch(recorder, over)
    deliver(recorder, endpoint)
    steer_a_batch(recorder, over)
    stop_a_call(recorder, account)
    look_at_the_audit_log(recorder)
    # A later operation of the same name may not change anything.
    missing = {
        name: recorder.entries[name]
        for name, entry in AUDITED.items()
        if entry not in recorder.entries[name]
    }
    assert missing == {}
    assert {name for name in SILENT if recorder.entries.get(name)} <= {"batches_partial_update"}
    if RECORDING:
        recorded = dict(sorted(recorder.examples.items()))
        text = json.dumps(recorded, indent=1, ensure_ascii=False)
        examples.FILE.write_text(f"{text}\n", encoding="utf-8")
        return
    differing = sorted(
        name
        for name in {*recorder.examples, *examples.EXAMPLES}
        if recorder.examples.get(name) != examples.EXAMPLES.get(name)
    )
    assert recorder.examples == examples.EXAMPLES, (
        f"The API answers differently from its examples: {', '.join(differing)}. If that is "
        f"intended, record them again: {HOW_TO_RECORD}"
    )


def look_at_the_audit_log(recorder: Recorder) -> None:
    tools = "?kind=campaigns.tool&action=changed"
    [entry] = recorder.ask("audit_entries_list", query=tools)["results"]
    recorder.ask("audit_entries_retrieve", entry["id"])


def tell_of_the_key_and_its_accounts(recorder: Recorder, account: VoiceAccount) -> None:
    recorder.ask("me_show")
    recorder.ask("accounts_list")
    recorder.ask("accounts_retrieve", account.pk)
    may_change = Permission.objects.get(codename="change_voiceaccount")
    recorder.program.key.owner.user_permissions.add(may_change)
    VoiceAccount.objects.update(held_until=timezone.now() + timedelta(minutes=5))
    recorder.ask("accounts_try_now", account.pk)


def write_a_campaign(recorder: Recorder) -> None:
    sent = {"name": "Calendar", "reference": "TL-1"}
    tool = recorder.ask("tools_create", body=sent)["id"]
    recorder.ask("tools_list")
    recorder.ask("tools_retrieve", tool)
    recorder.ask("tools_partial_update", tool, body={"name": "Shop calendar"})
    sent = {"name": "Survey", "pathway_id": "pw-1", "version": "production"}
    pathway = recorder.ask("pathways_create", body=sent)["id"]
    recorder.ask("pathways_list")
    recorder.ask("pathways_retrieve", pathway)
    recorder.ask("pathways_partial_update", pathway, body={"version": "2"})
    policy = CallingPolicy.objects.create(name="Office hours")
    policy.calling_windows.create(weekday=0, opens_at=time(9), closes_at=time(17))
    policy.blackout_dates.create(date=date(2026, 12, 25), reason="Christmas")
    policy.retry_rules.create(outcome="busy", max_retries=2, wait_seconds=600)
    recorder.ask("policies_list")
    recorder.ask("policies_retrieve", policy.pk)
    recorder.ask("rules_packs")
    recorder.ask(
        "rules_check", query="?number=%2B13052345678&purpose=marketing&at=2026-12-06T15:00:00Z"
    )
    reminder = {"name": "Reminder", "purpose": "informational", "prompt": PROMPT}
    sent = {**reminder, "call_settings": SETTINGS, "policy": policy.pk, "tools": [tool]}
    campaign = recorder.ask("campaigns_create", body=sent)["id"]
    recorder.ask("campaigns_list")
    recorder.ask("campaigns_retrieve", campaign)
    changed = {"call_settings": {**SETTINGS, "voice": "Derek"}}
    recorder.ask("campaigns_partial_update", campaign, body=changed)
    numbers = [
        {"phone_number": "+12025550123", "reason": "Asked not to be called."},
        {"phone_number": "+12025550124"},
    ]
    recorder.ask("do_not_call_create", body=numbers)
    recorder.ask("do_not_call_list")
    recorder.ask("do_not_call_retrieve", "+12025550123")


def add_an_endpoint(recorder: Recorder) -> str:
    sent = {
        "url": "https://crm.example.com/calls",
        "description": "CRM",
        "events": ["call.finished"],
    }
    endpoint: str = recorder.ask("webhook_endpoints_create", body=sent)["id"]
    recorder.ask("webhook_endpoints_list")
    recorder.ask("webhook_endpoints_retrieve", endpoint)
    recorder.ask("webhook_endpoints_secret", endpoint)
    recorder.ask("webhook_endpoints_rotate", endpoint)
    recorder.ask("webhook_endpoints_test", endpoint)
    allowed = {"host": "crm.example.com", "description": "Reports of single calls"}
    host = recorder.ask("allowed_hosts_create", body=allowed)["id"]
    recorder.ask("allowed_hosts_list")
    recorder.ask("allowed_hosts_retrieve", host)
    changed = {"description": "Reports to the CRM"}
    recorder.ask("allowed_hosts_partial_update", host, body=changed)
    return endpoint


def send_a_batch(recorder: Recorder, run: Callable[..., Batch]) -> Batch:
    sent = {**OCTOBER, "recipients": [EMILY, NOAH], "launch": True}
    made = recorder.ask("batches_create", body=sent)
    return run(Batch.objects.get(pk=made["id"]), launch=False)


def look_at_the_batch(recorder: Recorder, over: Batch) -> None:
    first = over.recipients.get(row_number=2)
    recorder.ask("batches_list")
    recorder.ask("batches_retrieve", over.pk)
    recorder.ask("batches_progress", over.pk)
    recorder.ask("batches_snapshot", over.pk)
    recorder.ask("batches_recipients_list", over.pk)
    recorder.ask("batches_recipients_retrieve", over.pk, first.pk)
    recorder.ask("batches_recipients_why", over.pk, first.pk)
    recorder.ask("batches_events_list", over.pk)
    recorder.ask("batches_results", over.pk)
    call = CallResult.objects.get(recipient=first)
    recorder.ask("calls_list", query=f"?batch={over.pk}&number={HUMAN[1:]}")
    recorder.ask("calls_retrieve", call.call_id)
    recorder.ask("calls_why", call.call_id)


def deliver(recorder: Recorder, endpoint: str) -> None:
    """Show a message that the receiver could not take and that is sent again."""
    call = CallResult.objects.get(to_number=HUMAN)
    delivery = WebhookDelivery.objects.get(event_type="call.finished", call=call)
    delivery.tries.create(
        number=1,
        kind="first",
        at=delivery.created_at,
        duration_ms=84,
        response_status=503,
        response_excerpt="Later, please.",
    )
    WebhookDelivery.objects.filter(pk=delivery.pk).update(attempts=1, last_status=503)
    WebhookDelivery.objects.exclude(pk=delivery.pk).delete()
    recorder.ask("webhook_deliveries_list")
    recorder.ask("webhook_deliveries_retrieve", delivery.pk)
    ended = {"next_attempt_at": None, "ended_at": delivery.created_at}
    given_up = {"status": DeliveryStatus.DEAD, **ended}
    WebhookDelivery.objects.filter(pk=delivery.pk).update(**given_up)
    recorder.ask("webhook_deliveries_resend", delivery.pk)
    recorder.ask("webhook_endpoints_partial_update", endpoint, body={"enabled": False})


def steer_a_batch(recorder: Recorder, over: Batch) -> None:
    program = recorder.program
    sent = {**OCTOBER, "recipients": [EMILY, NOAH, WRONG], "dry_run": True}
    ready = program.post("/api/v1/batches", sent).json()["id"]
    recorder.ask("batches_dry_run", ready)
    recorder.ask("batches_rejected", ready)
    draft = program.post("/api/v1/batches", {**OCTOBER, "recipients": [EMILY, NOAH]}).json()["id"]
    recorder.ask("batches_partial_update", draft, body={"name": "November reminders"})
    recorder.ask("batches_check", draft)
    recorder.ask("batches_launch", ready)
    recorder.ask("batches_budget", ready, body={"budget": "25.00"})
    recorder.ask("batches_pause", ready)
    recorder.ask("batches_resume", ready)
    recorder.ask("batches_rows", ready, body={"recipients": [ZOE]})
    recorder.ask("batches_cancel", ready, body={"hang_up": True})
    recorder.ask("batches_clone", over.pk, body={"with_list": True})
    recorder.ask("batches_suppress_refused", over.pk)
    recorder.ask("batches_retry", over.pk, body={"outcomes": ["voicemail"]})


def stop_a_call(recorder: Recorder, account: VoiceAccount) -> None:
    account.options = {"speed": 1}
    account.save()
    sent = {**OCTOBER, "recipients": [EMILY], "launch": True}
    batch = Batch.objects.get(pk=recorder.program.post("/api/v1/batches", sent).json()["id"])
    runner.run_batch(batch.pk, seconds=5)
    ticks.tick_account(account.pk, seconds=0)
    recorder.ask("calls_stop", batch.calls.get().call_id)
