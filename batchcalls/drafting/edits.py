"""Step-by-step edits of a draft, whose list is in `draft_lists`, and its check and launch.

Use `drafts` when everything is available at once.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import DatabaseError, transaction

from batchcalls.access import audit
from batchcalls.batches import lifecycle
from batchcalls.drafting import authority, drafts
from batchcalls.drafting.chosen_rules import ChosenRules
from batchcalls.drafting.draft_lists import list_of, locked, mapping_problems, remove_lists
from batchcalls.drafting.drafts import DraftError, DraftProblem, DraftRequest
from batchcalls.intake import file_formats
from batchcalls.lists.mapping import ListMapping
from batchcalls.models import Batch, BatchEvent
from batchcalls.models.launched_with import Use, values_of
from batchcalls.states import BATCH_DELETABLE, LIST_LEFT_OUT, BatchStatus
from campaigns import call_settings
from campaigns.models import Campaign
from campaigns.vocabulary import Purpose

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@transaction.atomic
def start(request: DraftRequest, *, region: str, purpose_later: bool = False) -> Batch:
    """Store a draft that has no list yet. Raise `DraftError` or `authority.SettingsDenied`.

    With ``purpose_later``, the purpose may be missing; the batch then cannot be launched without.
    """
    is_assumed = purpose_later and not (request.purpose or request.campaign)
    # The purpose with the strictest rules, until somebody states it.
    stated = replace(request, purpose=Purpose.MARKETING) if is_assumed else request
    batch = drafts.copy_campaign(stated, region=region)
    batch.purpose_assumed |= is_assumed
    authority.claim(batch, request.created_by)
    batch.save(force_insert=True)
    BatchEvent.objects.create(
        batch=batch, to_status=BatchStatus.DRAFT, actor=batch.created_by, message="Created."
    )
    return batch


def discard(batch: Batch) -> None:
    """Delete a draft whose list could not be stored, unless its disk is full too."""
    with suppress(DatabaseError), transaction.atomic():
        locked(batch).delete()


@transaction.atomic
def delete(batch: Batch, *, actor: User | None) -> None:
    """Delete a batch that was never launched, with its lists. Raise `Conflict` if it was."""
    rows = Batch.objects.select_for_update(no_key=True).filter(pk=batch.pk)
    current = rows.filter(status__in=BATCH_DELETABLE).first()
    if current is None:
        status = Batch.objects.filter(pk=batch.pk).values_list("status", flat=True).first()
        raise lifecycle.Conflict("deleted", status or "")
    with audit.deleting(current, actor=actor):
        lifecycle.forget_check(current)
        remove_lists(current.lists.all())
        current.delete()


@transaction.atomic
def change(batch: Batch, request: DraftRequest, *, region: str) -> Batch:
    """Replace the contents of a draft.

    Raise `DraftError`, `authority.SettingsDenied`, or `Conflict` if it is not a draft.

    When the campaign changes, values copied from the old campaign are replaced by the new one's.
    """
    current = locked(batch)
    if current.campaign and request.campaign != current.campaign:
        request = _without_campaign(request, current.campaign)
    if request.rules is None and not (request.campaign and request.campaign.policy):
        request = replace(request, rules=ChosenRules.of(current))
    fresh = drafts.copy_campaign(request, region=region)
    if request.campaign == current.campaign:
        # The page showed every setting: a missing one was removed, whatever the campaign has.
        own = call_settings.normalize_shared(request.call_settings).values
        own.pop("start_time", None)
        fresh.call_settings = own
    # These are no fields of the page, and stay.
    fresh.status_webhook, fresh.batch_webhook = current.status_webhook, current.batch_webhook
    authority.claim(fresh, request.created_by, before=current)
    changes = {**values_of(fresh, Use.EDITED), "set_by": fresh.set_by}
    for name, value in changes.items():
        setattr(current, name, value)
    with audit.changing(current):
        current.save(update_fields=changes)
    current.lists.update(region=region)
    return current


def problems(batch: Batch) -> list[DraftProblem]:
    """List everything that blocks the launch of a draft."""
    stored = list_of(batch)
    if stored is None:
        message = "There is no list yet. Upload a CSV or XLSX file of the people to call."
        return [
            DraftProblem(code="no_list", message=message, field="list"),
            *drafts.purpose_problems(batch),
            *drafts.prompt_problems(batch),
            *drafts.budget_problems(batch),
        ]
    mapping = ListMapping.from_list(stored.mapping)
    return [
        *(
            DraftProblem(
                code=one.code,
                message=one.message,
                field="columns",
                column=one.position,
            )
            for one in mapping_problems(stored, mapping)
        ),
        *drafts.purpose_problems(batch),
        *drafts.number_problems(batch),
        *drafts.content_problems(batch, mapping),
    ]


def submit(batch: Batch, *, launch: bool = False, actor: User | None = None) -> None:
    """Submit a draft's list to the check, row by row. Then the batch is ready to launch.

    With ``launch`` calls start when the check is done. Raise `DraftError` that names everything
    missing, or `lifecycle.Conflict`.
    """
    if found := problems(batch):
        raise DraftError(" ".join(one.message for one in found), code=found[0].code)
    if launch:
        authority.check_launch(batch, actor)
    lifecycle.submit(batch, launch=launch, actor=actor)


def launch_unseen(batch: Batch, *, actor: User | None = None) -> None:
    """Launch a draft or a ready batch whose list no person looked at. Raise as `submit` does.

    A list whose encoding is unclear is refused.
    """
    for stored in filter(file_formats.is_risky, batch.lists.exclude(status__in=LIST_LEFT_OUT)):
        raise DraftError(file_formats.why_risky(stored), code="unclear_encoding")
    if batch.status == BatchStatus.DRAFT:
        submit(batch, launch=True, actor=actor)
    else:
        launch_ready(batch, actor=actor)


def launch_ready(batch: Batch, *, actor: User | None = None) -> None:
    """Launch a checked batch.

    Raise `DraftError` for numbers and addresses that it may not use any more, and
    `authority.SettingsDenied` for settings that nobody answers for.
    """
    authority.check_launch(batch, actor)
    if found := drafts.number_problems(batch):
        raise DraftError(found[0].message, code=found[0].code)
    lifecycle.launch(batch, actor=actor)


def _without_campaign(request: DraftRequest, campaign: Campaign) -> DraftRequest:
    """Remove the values that a request only repeats from a former campaign."""
    theirs = campaign.settings_for_calls()
    pathway = campaign.pathway
    repeats = pathway is not None and request.pathway_id == pathway.pathway_id
    return replace(
        request,
        purpose="" if request.campaign and request.purpose == campaign.purpose else request.purpose,
        prompt="" if request.prompt == campaign.prompt else request.prompt,
        pathway_id="" if repeats else request.pathway_id,
        pathway_version="" if repeats else request.pathway_version,
        call_settings={
            name: value
            for name, value in request.call_settings.items()
            if name not in theirs or theirs[name] != value
        },
    )
