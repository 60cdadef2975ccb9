"""The list of a draft and how its columns are mapped: at first with gaps, or complete at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from django.db import transaction

from batchcalls.access import audit
from batchcalls.batches import lifecycle
from batchcalls.drafting import authority, drafts
from batchcalls.drafting.drafts import DraftError
from batchcalls.intake import allowed_columns, file_formats, uploads
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists import mapping as mappings
from batchcalls.lists import matching
from batchcalls.lists.headers import describe_headers
from batchcalls.lists.mapping import (
    ColumnTarget,
    ListMapping,
    MappingError,
    MappingProblem,
    Target,
)
from batchcalls.models import AuditAction, Batch, BatchEvent, StoredList
from batchcalls.states import LIST_LEFT_OUT, BatchStatus
from campaigns import call_settings
from campaigns.call_settings import DateOrder
from campaigns.models import ColumnMapping
from campaigns.number_writing import Written

if TYPE_CHECKING:
    from django.contrib.auth.models import User


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
    with _attaching(batch, stored, stream, mapping, actor=actor) as current:
        remove_lists([replaced] if replaced else list(current.lists.all()))
        stored.save(force_insert=True)
        if replaced:  # the order of the lists is that of their times
            StoredList.objects.filter(pk=stored.pk).update(created_at=replaced.created_at)
    return stored


def replace_lists(
    batch: Batch,
    stream: BinaryIO,
    *,
    file_name: str,
    reading: ReadingOptions,
    mapping: ListMapping | None = None,
    actor: User | None = None,
) -> StoredList:
    """Replace the lists of a draft by one that could be launched as it is.

    ``mapping`` gives the columns if they are known. Raise as `drafts.create` does, or `Conflict`.
    The draft is unchanged then.
    """
    stored = uploads.read(stream, reading, file_name=file_name)
    mapping = mapping or uploads.match_columns(stored, reading)
    with _attaching(batch, stored, stream, mapping, actor=actor) as current:
        drafts.check_columns(current, mapping)
        remove_lists(list(current.lists.all()))
        stored.save(force_insert=True)
    return stored


@contextmanager
def _attaching(
    batch: Batch,
    stored: StoredList,
    stream: BinaryIO,
    mapping: ListMapping,
    *,
    actor: User | None,
) -> Iterator[Batch]:
    """Store the file of a list, and yield its locked draft for the block to save the list."""
    stored.mapping = mapping.to_list()
    with uploads.storing(stored, stream):
        current = locked(batch)
        authority.claim_columns(current, mapping, actor)
        if current.awaits_correction:
            lifecycle.forget_check(current)
            Batch.objects.filter(pk=current.pk).update(reason_code="", reason="")
        stored.batch, stored.created_by = current, actor
        yield current
        Batch.objects.filter(pk=current.pk).update(region=stored.region, set_by=current.set_by)
        BatchEvent.objects.create(
            batch=current, actor=actor, message=f"The list is {stored.file_name}."
        )
        audit.record(AuditAction.IMPORTED, stored, note=f"Batch {current.pk}", actor=actor)


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


@transaction.atomic
def map_columns(
    batch: Batch,
    options: Iterable[str],
    *,
    numbers_written: str | None = None,
    date_order: str | None = None,
    actor: User | None = None,
) -> ListMapping:
    """Map some columns of a draft's list anew, each written as ``header=target``; others stay.

    ``numbers_written`` and ``date_order`` are as in `match`. Raise as `drafts.create` does, or
    `Conflict`. The draft is unchanged then.
    """
    stored = _needed_list(batch)
    mapping = matching.apply_options(
        ListMapping.from_list(stored.mapping),
        describe_headers(stored.headers),
        [matching.parse_option(option) for option in options],
        is_call_setting=call_settings.is_call_setting,
    )
    if wrong := mapping_problems(stored, mapping):
        raise MappingError(wrong)
    match(
        batch,
        mapping.columns,
        numbers_written=numbers_written,
        date_order=date_order,
        actor=actor,
    )
    drafts.check_columns(batch, mapping)
    return mapping


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


def locked(batch: Batch) -> Batch:
    """Lock a draft for the rest of the transaction. Raise `Conflict` if it is no longer a draft."""
    current = Batch.objects.lock([batch.pk]).get(batch.pk)
    if current is None or current.status != BatchStatus.DRAFT:
        raise lifecycle.Conflict("changed", current.status if current else "")
    return current


def mapping_problems(stored: StoredList, mapping: ListMapping) -> list[MappingProblem]:
    """List what makes the mapping of a list unusable."""
    hint = file_formats.where_phones_may_be(stored)
    return mappings.check(mapping, is_call_setting=call_settings.is_call_setting, hint=hint)


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
    current = locked(batch)
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


def remove_lists(lists: Iterable[StoredList]) -> None:
    """Delete lists, and their files once the transaction commits."""
    for old in lists:
        for name in old.parts.values_list("file", flat=True):
            transaction.on_commit(partial(old.file.storage.delete, name))
        old.delete()
        transaction.on_commit(partial(old.file.delete, save=False))
