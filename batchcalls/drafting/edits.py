"""A draft that grows: fields first or list first, columns matched later, checked at the end.

For the pages on which a person makes a batch. Whoever has everything at once uses `drafts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from django.db import transaction

from batchcalls.batches import lifecycle
from batchcalls.drafting import drafts
from batchcalls.drafting.drafts import DraftError, DraftProblem, DraftRequest
from batchcalls.intake import uploads
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists import mapping as mappings
from batchcalls.lists import matching
from batchcalls.lists.headers import describe_headers
from batchcalls.lists.mapping import ColumnTarget, ListMapping, Target
from batchcalls.models import Batch, BatchEvent, StoredList
from batchcalls.models.launched_with import Use, values_of
from batchcalls.states import BatchStatus
from campaigns import call_settings
from campaigns.models import Campaign, ColumnMapping

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@transaction.atomic
def start(request: DraftRequest, *, region: str) -> Batch:
    """Store a draft that has no list yet; raise `DraftError`."""
    batch = drafts.copy_campaign(request, region=region)
    batch.save(force_insert=True)
    BatchEvent.objects.create(
        batch=batch, to_status=BatchStatus.DRAFT, actor=batch.created_by, message="Created."
    )
    return batch


@transaction.atomic
def change(batch: Batch, request: DraftRequest, *, region: str) -> Batch:
    """Replace what a draft sends; raise `DraftError`, or `Conflict` when it is no draft any more.

    With another campaign than before, what was taken over from the old one is taken from the new.
    """
    current = _locked(batch)
    if current.campaign and request.campaign != current.campaign:
        request = _without_campaign(request, current.campaign)
    fresh = drafts.copy_campaign(request, region=region)
    if request.campaign == current.campaign:
        # The page showed everything: what is missing was taken out, whatever the campaign says.
        own = call_settings.normalize_shared(request.call_settings).values
        own.pop("start_time", None)
        fresh.call_settings = own
    changes = values_of(fresh, Use.EDITED)
    for name, value in changes.items():
        setattr(current, name, value)
    current.save(update_fields=changes)
    current.lists.update(region=region)
    return current


def attach_list(
    batch: Batch,
    stream: BinaryIO,
    *,
    file_name: str,
    reading: ReadingOptions,
    actor: User | None = None,
) -> StoredList:
    """Give a draft its list, in the place of one it had; columns are matched as far as they can be.

    Raises `UnreadableList`, `UploadError` or `Conflict`; then the draft keeps what it had.
    """
    stored = uploads.read(stream, reading, file_name=file_name)
    stored.mapping = uploads.suggest_mapping(stored, reading).to_list()
    uploads.keep_file(stored, stream)
    try:
        with transaction.atomic():
            current = _locked(batch)
            _remove_lists(current)
            stored.batch, stored.created_by = current, actor
            stored.save(force_insert=True)
            Batch.objects.filter(pk=current.pk).update(region=stored.region)
            BatchEvent.objects.create(
                batch=current, actor=actor, message=f"The list is {stored.file_name}."
            )
    except BaseException:
        stored.file.delete(save=False)
        raise
    return stored


def read_again(batch: Batch, reading: ReadingOptions, *, actor: User | None = None) -> StoredList:
    """Read a draft's list in another way, such as with another encoding; raise as `attach_list`."""
    stored = list_of(batch)
    if stored is None:
        raise DraftError("There is no list yet. Upload one.", code="no_list")
    with stored.open_file() as stream:
        return attach_list(batch, stream, file_name=stored.file_name, reading=reading, actor=actor)


def match(batch: Batch, columns: Iterable[ColumnTarget]) -> ListMapping:
    """Keep what the columns of a draft's list become, whether or not that can be used yet."""
    return _keep_mapping(batch, ListMapping(tuple(columns)))


def map_all(batch: Batch) -> ListMapping:
    """Make every column but phone number and consent a variable."""
    return _keep_mapping(batch, matching.map_all(mapping_of(batch), Target.REQUEST_DATA))


def apply_saved(batch: Batch, saved: ColumnMapping) -> ListMapping:
    """Match columns as in a saved mapping; raise `MappingError` when a column of it is missing."""
    stored = _needed_list(batch)
    headers = describe_headers(stored.headers)
    return _keep_mapping(batch, matching.reapply(ListMapping.from_list(saved.columns), headers))


def list_of(batch: Batch) -> StoredList | None:
    """Return the list of a draft, if it has one."""
    return batch.lists.order_by("created_at", "pk").first()


def mapping_of(batch: Batch) -> ListMapping:
    """Return what the columns of a draft's list become; raise `DraftError` without a list."""
    return ListMapping.from_list(_needed_list(batch).mapping)


def problems(batch: Batch) -> list[DraftProblem]:
    """List everything that stands between a draft and its launch."""
    stored = list_of(batch)
    if stored is None:
        message = "There is no list yet. Upload a CSV or XLSX file of the people to call."
        return [
            DraftProblem(code="no_list", message=message, field="list"),
            *drafts.prompt_problems(batch),
        ]
    mapping = ListMapping.from_list(stored.mapping)
    wrong = mappings.check(mapping, is_call_setting=call_settings.is_call_setting)
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
        *drafts.content_problems(batch, mapping),
    ]


def submit(batch: Batch, *, launch: bool = False, actor: User | None = None) -> None:
    """Have a draft's list checked, row by row; then it is ready to be launched.

    With ``launch`` calls begin as soon as it is. Raises `DraftError` with everything that is still
    missing, or `lifecycle.Conflict`.
    """
    if found := problems(batch):
        raise DraftError(" ".join(one.message for one in found), code=found[0].code)
    lifecycle.submit(batch, launch=launch, actor=actor)


def _locked(batch: Batch) -> Batch:
    """Lock a draft for the rest of the transaction; raise `Conflict` when it is none any more."""
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
def _keep_mapping(batch: Batch, mapping: ListMapping) -> ListMapping:
    current = _locked(batch)
    stored = _needed_list(current)
    stored.mapping = mapping.to_list()
    stored.save(update_fields=["mapping"])
    return mapping


def _remove_lists(batch: Batch) -> None:
    for old in batch.lists.all():
        old.delete()
        transaction.on_commit(partial(old.file.delete, save=False))


def _without_campaign(request: DraftRequest, campaign: Campaign) -> DraftRequest:
    """Take out of a request what it only repeats of a campaign that is not meant any more."""
    theirs = campaign.settings_for_calls()
    pathway = campaign.pathway
    repeats = pathway is not None and request.pathway_id == pathway.pathway_id
    return replace(
        request,
        prompt="" if request.prompt == campaign.prompt else request.prompt,
        pathway_id="" if repeats else request.pathway_id,
        pathway_version="" if repeats else request.pathway_version,
        call_settings={
            name: value
            for name, value in request.call_settings.items()
            if name not in theirs or theirs[name] != value
        },
    )
