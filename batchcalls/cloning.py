"""A new draft from a batch that was: the same set-up, with its list or without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from batchcalls import draft_edits, drafts
from batchcalls.models import Batch, BatchEvent
from batchcalls.states import BatchStatus
from batchcalls.uploads import ReadingOptions

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@transaction.atomic
def clone(batch: Batch, *, with_list: bool, actor: User | None = None) -> Batch:
    """Return a new draft that sends what another batch sent; nothing of its calls is taken over.

    The calling policy is the campaign's of today: a stricter rule is not outlived by a copy.
    ``with_list`` copies the first list and how its columns were matched. Raises
    `FileNotFoundError` when its file is gone, and `UploadError` when it is too large by now.
    """
    copy = Batch.objects.create(
        name=f"{batch.name[:190]} (copy)",
        campaign=batch.campaign,
        account=batch.account,
        prompt=batch.prompt,
        pathway_id=batch.pathway_id,
        pathway_version=batch.pathway_version,
        call_settings=batch.call_settings,
        status_webhook=batch.status_webhook,
        batch_webhook=batch.batch_webhook,
        policy=drafts.policy_for(batch.campaign, batch.account),
        region=batch.region,
        duplicates=batch.duplicates,
        cps=batch.cps,
        concurrency=batch.concurrency,
        created_by=actor,
    )
    BatchEvent.objects.create(
        batch=copy,
        to_status=BatchStatus.DRAFT,
        actor=actor,
        code="cloned",
        message=f"Cloned from {batch} ({batch.pk}).",
    )
    BatchEvent.objects.create(batch=batch, actor=actor, code="cloned", message=f"Cloned as {copy}.")
    original = draft_edits.list_of(batch) if with_list else None
    if original:
        reading = ReadingOptions(
            encoding=original.encoding,
            delimiter=original.delimiter,
            sheet=original.sheet,
            region=original.region,
        )
        with original.open_file() as stream:
            stored = draft_edits.attach_list(
                copy, stream, file_name=original.file_name, reading=reading, actor=actor
            )
        stored.mapping = original.mapping
        stored.save(update_fields=["mapping"])
    return copy
