"""The back office: each table can be looked at, and a draft can be made, launched and stopped."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from batchcalls.models import Batch, CallResult, Recipient
from campaigns.models import CallingPolicy, Campaign, Pathway, Suppression
from campaigns.vocabulary import Purpose

pytestmark = pytest.mark.django_db

OURS = [
    model
    for label in ("campaigns", "batchcalls")
    for model in apps.get_app_config(label).get_models()
    if model in admin.site._registry
]
INLINE_ONLY = {
    "callingwindow",
    "blackoutdate",
    "policyretryrule",
    "accountevent",
    "batchevent",
    "callevent",
    "listpart",
    "emergencystop",
    "savedfilter",
    # Figures of the dashboard and of batches, kept.
    "dayofcalls",
    "keptfigure",
    # What was answered to programs, for a day.
    "idempotentrequest",
    "webhookattempt",
    "doorbell",
    # On the page of the account.
    "callerid",
    "dailyspending",
    # On the page of the source.
    "optoutmessage",
    # On the page of the user.
    "signin",
    # On the person's own page.
    "preferences",
    # The page of a number, and the page Retention.
    "erasednumber",
    "purge",
    "batchpurge",
    "recoverycode",
    # How many requests a person may make now.
    "apiallowance",
    # The number that tells whether the database was restored.
    "epoch",
}


def url(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def filled(make_batch: Any, run: Any) -> Batch:
    """A finished batch with every kind of row."""
    numbers = [f"+120255501{ending}" for ending in range(90, 96)]
    return run(make_batch(*numbers, "", "12", numbers[0]))


def test_every_table_is_registered_or_stands_on_its_owners_page() -> None:
    missing = {
        model._meta.model_name
        for label in ("campaigns", "batchcalls")
        for model in apps.get_app_config(label).get_models()
        if model not in admin.site._registry and not model._meta.auto_created
    }
    assert missing == INLINE_ONLY


def test_every_list_and_every_row_opens_under_the_strict_policy(
    admin_client: Client, filled: Batch, subtests: pytest.Subtests
) -> None:
    Suppression.objects.create(e164="+12025550100")
    CallingPolicy.objects.create(name="Office hours")
    for model in OURS:
        with subtests.test(model._meta.model_name):
            listing = admin_client.get(url(model, "changelist"), {"q": "x"}, follow=True)
            assert listing.status_code == 200
            assert listing["Content-Security-Policy"].count("'unsafe") == 0
            for row in model.objects.all()[:3]:
                assert admin_client.get(url(model, "change", row.pk)).status_code == 200


def test_a_call_shows_its_transcript_and_its_variables(admin_client: Client, filled: Batch) -> None:
    call = CallResult.objects.get(to_number="+12025550190")
    page = admin_client.get(url(CallResult, "change", call.pk)).content.decode()

    assert call.transcript[0]["text"].split(",")[0] in page.replace("&#x27;", "'")
    assert "business_name" in page


def test_results_can_be_changed_or_deleted_by_nobody(admin_client: Client, filled: Batch) -> None:
    call = CallResult.objects.first()
    assert call is not None
    for model, row in [(CallResult, call), (Recipient, call.recipient), (Batch, filled)]:
        assert admin_client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    admin_client.post(url(CallResult, "change", call.pk), {"summary": "Forged."})
    call.refresh_from_db()
    assert call.summary != "Forged."


def test_a_number_on_the_do_not_call_list_is_kept_as_e164(
    admin_client: Client, admin_user: User
) -> None:
    admin_client.post(url(Suppression, "add"), {"numbers": "(202) 555-0190", "reason": "Asked."})
    entry = Suppression.objects.get()
    assert (entry.e164, entry.created_by, entry.source) == ("+12025550190", admin_user, "manual")

    page = admin_client.post(url(Suppression, "add"), {"numbers": "12", "reason": ""})
    assert "is too short" in page.content.decode()


def test_a_policy_keeps_its_hours_and_retries_and_refuses_what_overlaps(
    admin_client: Client,
) -> None:
    def windows(*spans: tuple[str, str]) -> dict[str, str]:
        data = {
            "name": "Office",
            "consent_required": "marketing",
            "when_capped": "wait",
            "calling_windows-TOTAL_FORMS": str(len(spans)),
            "calling_windows-INITIAL_FORMS": "0",
            "blackout_dates-TOTAL_FORMS": "1",
            "blackout_dates-INITIAL_FORMS": "0",
            "blackout_dates-0-date": "2026-12-25",
            "retry_rules-TOTAL_FORMS": "1",
            "retry_rules-INITIAL_FORMS": "0",
            "retry_rules-0-outcome": "busy",
            "retry_rules-0-max_retries": "2",
            "retry_rules-0-wait_minutes": "10",
            "retry_rules-0-first_waits": "1, 2.5",
        }
        for index, (opens, closes) in enumerate(spans):
            data[f"calling_windows-{index}-weekday"] = "0"
            data[f"calling_windows-{index}-opens_at"] = opens
            data[f"calling_windows-{index}-closes_at"] = closes
        return data

    page = admin_client.post(
        url(CallingPolicy, "add"), windows(("09:00", "12:00"), ("11:00", "17:00"))
    )
    assert "overlap" in page.content.decode()
    assert not CallingPolicy.objects.exists()

    admin_client.post(url(CallingPolicy, "add"), windows(("09:00", "12:00"), ("13:00", "00:00")))
    rules = CallingPolicy.objects.get().to_dict(Purpose.MARKETING)
    assert rules["consent_required"] is True
    assert rules["calling_hours"]["windows"]["0"] == [[540, 720], [780, 1440]]
    assert rules["calling_hours"]["windows"]["1"] == []
    assert rules["calling_hours"]["blackout_dates"] == ["2026-12-25"]
    assert rules["retry"]["rules"] == [
        {"outcome": "busy", "max_retries": 2, "wait_seconds": 600, "waits": [60, 150]}
    ]


@pytest.mark.parametrize(("prompt", "has_pathway"), [("", False), ("Hello.", True)])
def test_a_campaign_says_a_prompt_or_follows_a_pathway_and_not_both(
    db: None, prompt: str, has_pathway: bool
) -> None:
    pathway = Pathway.objects.create(name="Intake", pathway_id="pw-1") if has_pathway else None
    campaign = Campaign(name="Spring", prompt=prompt, pathway=pathway)
    with pytest.raises(ValidationError, match="Give a prompt or a pathway, and not both"):
        campaign.full_clean()
    with pytest.raises(IntegrityError, match="campaign_is_led"):
        campaign.save()


def test_a_persona_may_lead_a_campaign_alone(db: None) -> None:
    campaign = Campaign(name="Spring", call_settings={"persona_id": "p-1"})
    campaign.full_clean()
    campaign.save()
    assert campaign.conversation.label == "Persona p-1"
