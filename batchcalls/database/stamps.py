"""When rows last changed, for programs that follow changes without missing one.

A change is stamped before it is committed, so a reader can see a later stamp first. Whoever reads
"all since then" therefore stops at `settled_before`, up to which nothing more can appear.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection
from django.db.models import DateTimeField, Model, QuerySet
from django.db.models.functions import Now

from batchcalls.database import clock

ModelT = TypeVar("ModelT", bound=Model)

#: How long before its transaction, as the server saw it begin, a change may have been stamped.
LAG = timedelta(seconds=5)
#: Transactions that only read, such as a backup, have no id and commit no change.
_OLDEST_WRITER = (
    "SELECT min(xact_start) FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
)


class StampField(DateTimeField):  # type: ignore[type-arg]
    """The time of a row's last change.

    `save`, `bulk.update_each`, and ``update`` of a `StampedQuerySet` set it. The database's default
    is for rows that earlier versions insert.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{"default": clock.now, "db_default": Now(), "editable": False, **options}
        )

    def pre_save(self, model_instance: Model, add: bool) -> datetime:
        """Set the time."""
        now = clock.now()
        setattr(model_instance, self.attname, now)
        return now


class StampedQuerySet(QuerySet[ModelT]):
    """Rows with a `StampField`."""

    def update(self, **values: Any) -> int:
        """Update the rows, and the time of their last change."""
        return super().update(**{name: clock.now() for name in stamps_of(self.model)} | values)


def stamps_of(model: type[Model]) -> list[str]:
    """Return the names of a table's stamps."""
    return [one.attname for one in model._meta.concrete_fields if isinstance(one, StampField)]


def settled_before() -> datetime:
    """Return a time before which no change can appear any more.

    PostgreSQL tells of the transactions of the own role, which all processes share. SQLite has one
    writer at a time, which may have waited for its turn with the stamp in hand.
    """
    now = clock.now()
    if connection.vendor != "postgresql":
        waits = float(connection.settings_dict["OPTIONS"].get("timeout", 5))
        return now - timedelta(seconds=waits)
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_WRITER)
        [oldest] = cursor.fetchone()
    return min(oldest or now, now) - LAG
