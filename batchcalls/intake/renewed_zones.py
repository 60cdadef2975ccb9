"""Look up again where waiting recipients may be, after the tables of numbers were corrected.

Rows keep the time zones that their number had when they were imported. An upgrade with better
tables must not leave them to be called at night.
"""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.apps.registry import apps as installed_apps
from django.db import DEFAULT_DB_ALIAS, transaction

from batchcalls.database.bulk import update_each
from batchcalls.intake import dry_run
from batchcalls.models import Batch, BatchEvent, Recipient
from batchcalls.states import BATCH_TERMINAL, RECIPIENT_NOT_YET_PLACED, BatchStatus
from campaigns.numbering_plans import reach_abroad, zones_of
from campaigns.places import whereabouts
from campaigns.places.whereabouts import Whereabouts

ROWS_AT_A_TIME = 2_000


def renew() -> int:
    """Correct the time zones of recipients who wait to be called; return how many changed.

    Each batch logs it, and a batch that waits for its launch gets a new dry run.
    """
    renewed = 0
    for batch in Batch.objects.exclude(status__in=BATCH_TERMINAL).order_by("created_at"):
        if not (changed := _renew(batch)):
            continue
        renewed += changed
        them = "1 recipient was" if changed == 1 else f"{changed:,} recipients were"
        message = f"The time zones of {them} corrected: from newer data about their area."
        BatchEvent.objects.create(batch=batch, code="zones_corrected", message=message)
        if batch.status == BatchStatus.READY:
            dry_run.store(batch)
    return renewed


def on_post_migrate(
    using: str = DEFAULT_DB_ALIAS, apps: Apps = installed_apps, **kwargs: Any
) -> None:
    """Renew the zones after an upgrade, once the tables have all their columns."""
    try:
        current = apps.get_model("batchcalls", "Recipient")
    except LookupError:
        return
    columns = {field.column for field in current._meta.concrete_fields}
    if using == DEFAULT_DB_ALIAS and columns.issuperset(
        field.column for field in Recipient._meta.concrete_fields
    ):
        renew()


def _renew(batch: Batch) -> int:
    rows = Recipient.objects.filter(batch=batch, status__in=RECIPIENT_NOT_YET_PLACED)
    # Rows without sources are looked up whenever they are dialed.
    stored = rows.exclude(zone_sources="").order_by("row_number")
    renewed = last = 0
    while some := list(
        stored.filter(row_number__gt=last).values_list(
            "row_number", "pk", "e164", "time_zones", "zone_sources"
        )[:ROWS_AT_A_TIME]
    ):
        last = some[-1][0]
        changes = []
        for _, pk, e164, zones, sources in some:
            found = reach_abroad(e164[1:])
            before = Whereabouts.from_stored(zones, sources)
            after = whereabouts.corrected(before, zones_of(found) if found else ())
            if after != before:
                changes.append((pk, ",".join(after.zones), ",".join(after.sources)))
        with transaction.atomic():
            renewed += update_each(
                Recipient,
                ["time_zones", "zone_sources"],
                changes,
                where_in=("status", RECIPIENT_NOT_YET_PLACED),
            )
    return renewed
