"""Who says what the calls of a batch say, where their data goes, and what they cost.

Each class of call settings is a permission (`campaigns.setting_permissions`). It is asked of
whoever brings a value into a batch. The batch keeps who that was, and at the launch one of them
and the person who launches must still have the permission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User

from batchcalls.intake import allowed_columns
from batchcalls.intake.uploads import UploadError
from batchcalls.lists.mapping import ListMapping
from batchcalls.models import Batch
from campaigns import call_settings
from campaigns.call_settings.sensitivity import Sensitivity
from campaigns.setting_permissions import (
    LABELS,
    NOT_ALLOWED,
    PERMISSIONS,
    Refusal,
    changes,
    refused_changes,
    values_of_campaign,
)


class SettingsDenied(UploadError):
    """A person may not set some of the call settings. ``refusals`` names each."""

    def __init__(self, message: str, refusals: Iterable[Refusal] = ()) -> None:
        super().__init__(message, code=NOT_ALLOWED)
        self.refusals = list(refusals)


def claim(batch: Batch, actor: User | None, *, before: Batch | None = None) -> None:
    """Note who sets what differs from the campaign, and from the draft ``before``.

    The batch is not saved. Raise `SettingsDenied` for what the person may not set.
    """
    origins = _origins(batch, before)
    values = _values_of(batch)
    if refusals := list(refused_changes(actor, values, *origins)):
        raise SettingsDenied(" ".join(one.message for one in refusals), refusals)
    set_by = dict(before.set_by) if before else {}
    for _, classes in changes(values, *origins):
        _note(set_by, classes, actor)
    batch.set_by = set_by


def claim_columns(
    batch: Batch, mapping: ListMapping, actor: User | None, *, known: ListMapping | None = None
) -> None:
    """Note who maps columns to sensitive settings, unless ``known`` maps them already.

    The batch is not saved. Raise `MappingError` for columns that the person may not map.
    """
    allowed_columns.require(mapping, actor, known=known)
    set_by = dict(batch.set_by)
    _note(set_by, allowed_columns.classes_in(mapping, known=known), actor)
    batch.set_by = set_by


def check_launch(batch: Batch, actor: User | None) -> None:
    """Raise `SettingsDenied` unless somebody answers for what was set.

    That is whoever set it, or whoever launches the batch, if they have the permission now: a draft
    of a person who lost it cannot be launched by others without it.
    """
    if actor is None or not batch.set_by:
        return
    authors = User.objects.in_bulk({pk for pk in batch.set_by.values() if pk is not None})
    lacking = []
    for name, pk in batch.set_by.items():
        permission = PERMISSIONS[Sensitivity(name)]
        author = authors.get(pk)
        # `has_perm` is false for a user who is not active.
        if not (actor.has_perm(permission) or (author and author.has_perm(permission))):
            lacking.append(Sensitivity(name))
    if lacking:
        what = " and ".join(one.label for one in lacking)
        names = " and ".join(f"“{LABELS[one]}”" for one in lacking)
        raise SettingsDenied(
            f"Whoever set {what} in this batch may no longer do so, and you may not either. Start "
            f"from a campaign, or ask someone with the permission {names} to launch it."
        )


def _note(
    set_by: dict[str, int | None], classes: Iterable[Sensitivity], actor: User | None
) -> None:
    """Note the person under each class. What commands on the server set needs nobody's answer."""
    for one in classes:
        if actor is not None:
            set_by[one.value] = actor.pk
        else:
            set_by.pop(one.value, None)


def _origins(batch: Batch, before: Batch | None) -> list[Mapping[str, Any]]:
    """Return the values that nobody has to answer for: the campaign's, and those of the draft."""
    origins: list[Mapping[str, Any]] = [_values_of(before)] if before else []
    if batch.campaign is not None:
        theirs = batch.campaign
        origins.append(
            values_of_campaign(theirs.prompt, theirs.pathway, theirs.settings_for_calls())
        )
    return origins or [{}]


def _values_of(batch: Batch) -> dict[str, Any]:
    """Return what a batch says, under the names of call settings; without blank fields."""
    fields = {
        "task": batch.prompt,
        "pathway_id": batch.pathway_id,
        "pathway_version": batch.pathway_version,
        "status_webhook": batch.status_webhook,
        "batch_webhook": batch.batch_webhook,
    }
    given = {name: value for name, value in fields.items() if value}
    return {**call_settings.normalize_shared(batch.call_settings).values, **given}
