"""The index that finds parts of phone numbers: PostgreSQL's trigrams, where it can be created."""

from __future__ import annotations

import structlog
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

log = structlog.get_logger(__name__)

NAME = "call_number_trigrams"
_TABLE, _COLUMN = "batchcalls_callresult", "to_number"
_EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
_INDEX = (
    f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {NAME} ON {_TABLE} USING gin ({_COLUMN} gin_trgm_ops)"
)
#: An index whose creation was interrupted is never used, but would count as existing.
_IS_BROKEN = (
    "SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
    "WHERE relname = %s AND NOT indisvalid"
)
_EXISTS = "SELECT to_regclass(%s) IS NOT NULL"
_IS_USABLE = (
    "SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
    "WHERE relname = %s AND indisvalid"
)
#: What to run where the migration may not.
REMEDY = f"Run as a superuser of the database: {_EXTENSION}; {_INDEX};"


def is_missing(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether a migrated database lacks the index, or has one that cannot be used."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(_EXISTS, [_TABLE])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(_IS_USABLE, [NAME])
        return cursor.fetchone() is None


def create(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Create the index without blocking writes. Log a warning and go on if that is not allowed.

    The extension is trusted: the owner of the database can create it without being a superuser.
    """
    connection = editor.connection
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        try:
            cursor.execute(_EXTENSION)
        except DatabaseError as refusal:
            log.warning(
                "number_search_is_slow",
                what="pg_trgm cannot be created, so searching parts of numbers reads all calls.",
                then=REMEDY,
                error=str(refusal).strip(),
            )
            return
        cursor.execute(_IS_BROKEN, [NAME])
        if cursor.fetchone():
            cursor.execute(f"DROP INDEX CONCURRENTLY {NAME}")
        cursor.execute(_INDEX)


def drop(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the index; keep the extension, which others may use."""
    if editor.connection.vendor == "postgresql":
        with editor.connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
