"""What a batch is launched with is listed once; who copies, changes and shows it follows that."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Field

from batchcalls.admin.wizard.upload_form import UploadForm
from batchcalls.api.batch_creation import BatchFields
from batchcalls.drafting import copying, edits
from batchcalls.drafting.drafts import DraftRequest
from batchcalls.models import Batch, VoiceAccount
from batchcalls.models.launched_with import LAUNCHED_WITH, NOT_LAUNCHED_WITH, Use, names_of
from campaigns.models import Campaign

FIELDS: list[Field[Any, Any]] = list(Batch._meta.concrete_fields)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_of_a_batch_is_launched_with_or_marked_otherwise(
    field: Field[Any, Any],
) -> None:
    assert field.name in LAUNCHED_WITH or field.name in NOT_LAUNCHED_WITH, (
        f"Batch.{field.name} is neither in LAUNCHED_WITH nor in NOT_LAUNCHED_WITH "
        "(batchcalls/models/launched_with.py). Say whether a draft's editor changes it, and "
        "whether a clone and a test call copy it, or why a batch is not launched with it."
    )


def test_each_field_is_listed_once_and_is_there() -> None:
    assert not LAUNCHED_WITH.keys() & NOT_LAUNCHED_WITH.keys()
    assert LAUNCHED_WITH.keys() | NOT_LAUNCHED_WITH.keys() <= {field.name for field in FIELDS}
    assert all(LAUNCHED_WITH.values())
    assert all(NOT_LAUNCHED_WITH.values())


@pytest.mark.parametrize("name", names_of(Use.ASKED))
def test_a_request_for_a_draft_can_say_what_is_asked_for(name: str) -> None:
    assert name in {field.name for field in dataclasses.fields(DraftRequest)}, (
        f"{name} is asked for, and DraftRequest (batchcalls/drafting/drafts.py) has no such field."
    )


# The policy is the campaign's, and stating a purpose ends that one is assumed.
@pytest.mark.parametrize("name", sorted(set(names_of(Use.EDITED)) - {"policy", "purpose_assumed"}))
def test_page_and_api_let_a_draft_be_changed_in_what_is_edited(name: str) -> None:
    # The page has a form of its own for call settings.
    assert name in UploadForm.base_fields or name == "call_settings", (
        f"{name} is edited, and UploadForm (batchcalls/admin/wizard/upload_form.py) lacks it."
    )
    assert name in BatchFields().fields, (
        f"{name} is edited, and BatchFields (batchcalls/api/batch_creation.py) lacks it."
    )


@pytest.mark.parametrize("name", sorted(BatchFields().names_kept))
def test_the_api_changes_nothing_but_what_is_edited(name: str) -> None:
    assert name in names_of(Use.EDITED)


# What is listed is what happens ------------------------------------------------------------------


@pytest.fixture
def full(make_batch: Any) -> Batch:
    """A draft of which every field that it is launched with has a value of its own."""
    batch: Batch = make_batch("+12025550190")
    values: dict[str, Any] = {
        "name": "November",
        "campaign": Campaign.objects.create(name="Autumn", prompt="Hello."),
        "account": VoiceAccount.objects.create(name="second", provider="simulator"),
        "purpose": "marketing",
        "purpose_assumed": True,
        "prompt": "Say hello.",
        "pathway_id": "pathway",
        "pathway_version": "2",
        "call_settings": {"max_duration": 5},
        "policy": {"name": "of then"},
        "rule_packs": {"us": "2020-01-01"},
        "region": "GB",
        "duplicates": "call_each_row",
        "start_at": datetime(2026, 5, 4, tzinfo=UTC),
        "cps": 2.5,
        "concurrency": 7,
        "budget": Decimal("12.50"),
        "breaker_percent": 30,
        "chunk_size": 17,
        "set_by": {"cost": 1},
        "status_webhook": "https://crm.example.com/status",
        "batch_webhook": "https://crm.example.com/batch",
    }
    assert values.keys() == LAUNCHED_WITH.keys(), "Give the new field a value here."
    Batch.objects.filter(pk=batch.pk).update(**values)
    return Batch.objects.get(pk=batch.pk)


def same_in(copy: Batch, original: Batch) -> set[str]:
    return {name for name in LAUNCHED_WITH if getattr(copy, name) == getattr(original, name)}


@pytest.mark.django_db
def test_a_clone_copies_what_is_cloned(full: Batch) -> None:
    clone = Batch.objects.get(pk=copying.clone(full, with_list=False).pk)
    assert same_in(clone, full) == set(names_of(Use.CLONED))


@pytest.mark.django_db
def test_a_test_call_copies_what_is_tried(full: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    # Prompt and pathway at once can be copied, and not launched.
    monkeypatch.setattr(edits, "problems", lambda batch: [])
    monkeypatch.setattr(copying.lifecycle, "submit", lambda *args, **kwargs: None)
    trial = copying.place_test_call(full, number="+442079460190")
    assert same_in(Batch.objects.get(pk=trial.pk), full) == set(names_of(Use.TRIED))


@pytest.mark.usefixtures("example_hosts")
def test_an_edit_changes_what_is_edited_and_nothing_else(full: Batch, make_batch: Any) -> None:
    draft = make_batch("+12025550191")
    draft.purpose_assumed = True
    draft.save(update_fields=["purpose_assumed"])
    said = {name: getattr(full, name) for name in names_of(Use.ASKED)}
    request = DraftRequest(**said, created_by=User.objects.create_superuser("other"))
    before = {name: getattr(draft, name) for name in LAUNCHED_WITH | NOT_LAUNCHED_WITH}
    edits.change(draft, request, region=full.region)
    after = Batch.objects.get(pk=draft.pk)
    changed = {name for name, value in before.items() if getattr(after, name) != value}
    # Both policies are those of campaigns without rules. Who set what changes with what is set.
    assert changed == set(names_of(Use.EDITED)) - {"policy"} | {"set_by"}
