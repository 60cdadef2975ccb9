"""Step-by-step edits of a draft: fields or list first, columns matched later, checked at the end.

For the pages that create a batch. Use `drafts` when everything is available at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from django.db import DatabaseError, transaction

from batchcalls.access import audit
from batchcalls.batches import lifecycle
from batchcalls.drafting import authority, drafts
from batchcalls.drafting.chosen_rules import ChosenRules
from batchcalls.drafting.drafts import DraftError, DraftProblem, DraftRequest
from batchcalls.intake import allowed_columns, file_formats, uploads
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists import mapping as mappings
from batchcalls.lists import matching
from batchcalls.lists.headers import describe_headers
from batchcalls.lists.mapping import ColumnTarget, ListMapping, MappingError, Target
from batchcalls.models import AuditAction, Batch, BatchEvent, StoredList
from batchcalls.models.launched_with import Use, values_of
from batchcalls.states import BATCH_DELETABLE, LIST_LEFT_OUT, BatchStatus
from campaigns import call_settings
from campaigns.call_settings import DateOrder
from campaigns.models import Campaign, ColumnMapping
from campaigns.number_writing import Written
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
        _locked(batch).delete()


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
        _remove_lists(current.lists.all())
        current.delete()


@transaction.atomic
def change(batch: Batch, request: DraftRequest, *, region: str) -> Batch:
    """Replace the contents of a draft.

    Raise `DraftError`, `authority.SettingsDenied`, or `Conflict` if it is not a draft.

    When the campaign changes, values copied from the old campaign are replaced by the new one's.
    """
    current = _locked(batch)
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


def attach_list(
    batch: Batch,
    stream: BinaryIO,
    *,
    file_name: str,
    reading: ReadingOptions,
    replaced: StoredList | None = None,
    actor: User | None = None,
) -> StoredList:
    """Attach a list to a draft, replacing the lists it had. Match its columns as far as possible.

    With ``replaced``, it takes the place of that list and the others stay. Raise `UnreadableList`,
    `UploadError` or `Conflict`. The draft is unchanged then.
    """
    stored = uploads.read(stream, reading, file_name=file_name)
    mapping = uploads.suggest_mapping(stored, reading, actor=actor)
    stored.mapping = mapping.to_list()
    with uploads.storing(stored, stream):
        current = _locked(batch)
        authority.claim_columns(current, mapping, actor)
        _remove_lists([replaced] if replaced else list(current.lists.all()))
        if current.awaits_correction:
            lifecycle.forget_check(current)
            Batch.objects.filter(pk=current.pk).update(reason_code="", reason="")
        stored.batch, stored.created_by = current, actor
        stored.save(force_insert=True)
        if replaced:  # the order of the lists is that of their times
            StoredList.objects.filter(pk=stored.pk).update(created_at=replaced.created_at)
        Batch.objects.filter(pk=current.pk).update(region=stored.region, set_by=current.set_by)
        BatchEvent.objects.create(
            batch=current, actor=actor, message=f"The list is {stored.file_name}."
        )
        audit.record(AuditAction.IMPORTED, stored, note=f"Batch {current.pk}", actor=actor)
    return stored


def read_again(batch: Batch, reading: ReadingOptions, *, actor: User | None = None) -> StoredList:
    """Read a draft's list again, for example with another encoding. Raise as `attach_list`.

    What a person said of its numbers and dates is kept, and so are lists that were added to it.
    """
    stored = list_of(batch)
    if stored is None:
        raise DraftError("There is no list yet. Upload one.", code="no_list")
    reading = replace(reading, numbers_written=stored.numbers_written, dates=stored.date_order)
    with stored.open_file() as stream:
        return attach_list(
            batch,
            stream,
            file_name=stored.file_name,
            reading=reading,
            replaced=stored,
            actor=actor,
        )


def match(
    batch: Batch,
    columns: Iterable[ColumnTarget],
    *,
    numbers_written: str | None = None,
    date_order: str | None = None,
    actor: User | None = None,
) -> ListMapping:
    """Store the column mapping of a draft's list, even if it is not usable yet.

    Raise `MappingError` for columns that the person may not map.

    ``numbers_written`` and ``date_order`` say how its numbers and start times are written: blank
    to decide by the whole list, None to leave it. Unknown values are ignored.
    """
    choices = {
        field: chosen
        for field, chosen, known in (
            ("numbers_written", numbers_written, Written),
            ("date_order", date_order, DateOrder),
        )
        if chosen in {"", *known}
    }
    return _keep_mapping(batch, ListMapping(tuple(columns)), actor, choices)


def map_all(batch: Batch, *, actor: User | None = None) -> ListMapping:
    """Map every column except phone number, consent and opt-outs to a variable."""
    return _keep_mapping(batch, matching.map_all(mapping_of(batch), Target.REQUEST_DATA), actor)


def apply_saved(batch: Batch, saved: ColumnMapping, *, actor: User | None = None) -> ListMapping:
    """Apply a saved mapping.

    Raise `MappingError` if the list lacks one of its columns, or the person may not map one.
    """
    stored = _needed_list(batch)
    headers = describe_headers(stored.headers)
    mapping = matching.reapply(ListMapping.from_list(saved.columns), headers)
    choices = {"numbers_written": saved.numbers_written, "date_order": saved.date_order}
    chosen = {name: one for name, one in choices.items() if one}
    return _keep_mapping(batch, mapping, actor, chosen, applied=saved.name)


def undo_saved(batch: Batch, *, actor: User | None = None) -> ListMapping:
    """Take back the saved mapping that was applied; the columns are as they were before.

    Raise `MappingError` for columns that the person may not map.
    """
    stored = _needed_list(batch)
    before = stored.mapping_before
    if not before:
        return ListMapping.from_list(stored.mapping)
    headers = describe_headers(stored.headers)
    mapping = ListMapping.from_list(before.pop("columns"))
    mapping = allowed_columns.as_allowed(mapping, headers, actor)
    return _keep_mapping(batch, mapping, actor, before)


def list_of(batch: Batch) -> StoredList | None:
    """Return the list of a draft, which is its first one, or None."""
    return next(iter(batch.lists.all()), None)


def mapping_of(batch: Batch) -> ListMapping:
    """Return the column mapping of a draft's list. Raise `DraftError` without a list."""
    return ListMapping.from_list(_needed_list(batch).mapping)


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
    hint = file_formats.where_phones_may_be(stored)
    wrong = mappings.check(mapping, is_call_setting=call_settings.is_call_setting, hint=hint)
    return [
        *(
            DraftProblem(
                code=one.code,
                message=one.message,
                field="columns",
                column=one.position,
            )
            for one in wrong
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


def _locked(batch: Batch) -> Batch:
    """Lock a draft for the rest of the transaction. Raise `Conflict` if it is no longer a draft."""
    current = Batch.objects.lock([batch.pk]).get(batch.pk)
    if current is None or current.status != BatchStatus.DRAFT:
        raise lifecycle.Conflict("changed", current.status if current else "")
    return current


def _needed_list(batch: Batch) -> StoredList:
    stored = list_of(batch)
    if stored is None:
        raise DraftError("There is no list yet. Upload one.", code="no_list")
    return stored


@transaction.atomic
def _keep_mapping(
    batch: Batch,
    mapping: ListMapping,
    actor: User | None,
    choices: Mapping[str, str | None] | None = None,
    *,
    applied: str = "",
) -> ListMapping:
    """Store a mapping and choices of how the list is written, which a survey has yet to confirm.

    ``applied`` names the saved mapping that it comes from; that is forgotten with a change.
    """
    current = _locked(batch)
    stored = _needed_list(current)
    known = ListMapping.from_list(stored.mapping)
    authority.claim_columns(current, mapping, actor, known=known)
    Batch.objects.filter(pk=current.pk).update(set_by=current.set_by)
    for one in batch.lists.exclude(status__in=LIST_LEFT_OUT):
        followed = mapping if one.pk == stored.pk else _followed(one, mapping)
        fields: dict[str, Any] = {
            "mapping": followed.to_list(),
            "evidence": None,
            **(choices or {}),
        }
        if one.pk == stored.pk and (applied or fields["mapping"] != one.mapping):
            one.remember_mapping(applied, before=one.mapping)
            fields["format_details"] = one.format_details
        for name, value in fields.items():
            setattr(one, name, value)
        one.save(update_fields=fields)
    return mapping


def _followed(added: StoredList, mapping: ListMapping) -> ListMapping:
    """Return the mapping of an added list with the columns of the first list as they are there."""
    with suppress(MappingError):
        return uploads.suggest_mapping(added, ReadingOptions(), like=mapping)
    return ListMapping.from_list(added.mapping)


def _remove_lists(lists: Iterable[StoredList]) -> None:
    for old in lists:
        for name in old.parts.values_list("file", flat=True):
            transaction.on_commit(partial(old.file.storage.delete, name))
        old.delete()
        transaction.on_commit(partial(old.file.delete, save=False))


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
