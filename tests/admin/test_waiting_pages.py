"""Why a batch waits, and *Try now*, as pages, the API and the command show them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.models import Batch, BatchEvent, Scope, VoiceAccount
from tests.admin.test_voice_accounts import words
from tests.api.conftest import ADMINISTRATORS, make_program  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
HELD = ": the provider asked for it."


@pytest.fixture
def held(launched: Any, account: VoiceAccount) -> Batch:
    """A batch whose account's provider asked to wait."""
    VoiceAccount.objects.update(
        held_until=timezone.now() + timedelta(minutes=30), held_reason="Slow down."
    )
    batch: Batch = launched("+12025550190", "+12025550191")
    return batch


def page(name: str, *arguments: Any) -> str:
    return reverse(f"admin:batchcalls_{name}", args=arguments)


def test_the_pages_and_lists_of_the_account_and_its_batch_say_until_when_and_offer_to_try(
    admin_client: Client, held: Batch
) -> None:
    addresses = {
        "account": page("voiceaccount_change", held.account_id),
        "accounts": page("voiceaccount_changelist"),
        "batch": page("batch_change", held.pk),
        "batches": page("batch_changelist"),
    }
    shown = {name: words(admin_client.get(address)) for name, address in addresses.items()}
    assert all("Held until" in text and HELD in text for text in shown.values())
    assert "Slow down." in shown["account"]
    assert "Try now" in shown["account"]
    fragment = words(admin_client.get(addresses["batch"], headers={"X-Fragment": "1"}))
    assert HELD in fragment
    assert "Try now" in fragment


def test_try_now_on_the_batchs_page_ends_the_hold_is_logged_and_comes_back_to_the_page(
    admin_client: Client, held: Batch
) -> None:
    address = page("voiceaccount_try_now", held.account_id)
    assert admin_client.get(address).status_code == 405
    answer = admin_client.post(address, {"batch": str(held.pk)}, follow=True)
    assert answer.redirect_chain[-1][0] == page("batch_change", held.pk)
    assert HELD not in words(answer)
    event = BatchEvent.objects.get(batch=held, code="hold_ended")
    assert event.actor is not None

    again = admin_client.post(address, {"batch": "nonsense"}, follow=True)
    assert again.redirect_chain[-1][0] == page("voiceaccount_change", held.account_id)
    assert "is not on hold" in words(again)


def test_who_may_not_switch_the_account_sees_no_button(
    client: Client, held: Batch, django_user_model: Any
) -> None:
    viewer = django_user_model.objects.create_user("viewer", is_staff=True)
    viewer.groups.add(viewer.groups.model.objects.get(name="Viewers"))
    client.force_login(viewer)
    shown = words(client.get(page("batch_change", held.pk)))
    assert HELD in shown
    assert "Try now" not in shown
    assert client.post(page("voiceaccount_try_now", held.account_id)).status_code == 403


def test_the_api_names_the_same_reason_everywhere_and_ends_the_hold_once(
    held: Batch,
    make_program: Any,  # noqa: F811
) -> None:
    program = make_program(ADMINISTRATORS, scopes=Scope.values)
    batch, account = f"/api/v1/batches/{held.pk}", f"/api/v1/accounts/{held.account_id}"
    until = program.get(account).json()["held_until"]
    reasons = program.get(batch).json()["blocked_by"]
    [reason] = reasons
    assert (reason["code"], reason["until"]) == ("account_held", until)
    assert reason["message"].endswith(HELD)
    assert program.get("/api/v1/batches").json()["results"][0]["blocked_by"] == reasons
    assert program.get(f"{batch}/progress").json()["blocked_by"] == reasons

    answer = program.post(f"{account}/try-now")
    assert (answer.status_code, answer.json()["held_until"]) == (200, None)
    assert program.get(batch).json()["blocked_by"] == []
    answer = program.post(f"{account}/try-now")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_the_command_ends_a_hold_and_names_what_is_wrong(held: Batch) -> None:
    call_command("trynow", "simulator")
    assert not VoiceAccount.objects.filter(held_until__isnull=False).exists()
    with pytest.raises(CommandError, match="is not on hold"):
        call_command("trynow", "simulator")
    with pytest.raises(CommandError, match="no voice account other"):
        call_command("trynow", "other")
