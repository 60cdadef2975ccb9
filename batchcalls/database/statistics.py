"""Keep the statistics of PostgreSQL's planner near the tables that calling fills within seconds.

Autovacuum looks once a minute. Until then, the planner believes that a new batch has no calls, and
reads all of them to find the dozen whose keys it was given.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Model

#: A table is analyzed when more rows were changed since the last time than `CHANGED` and `GROWTH`
#: times the rows that it had.
CHANGED, GROWTH = 1_000, 2
#: An analysis of so many calls takes a third of a second, in which the worker places none. Larger
#: tables hardly ever have statistics so old.
MOST_ROWS = 100_000

_OUTDATED = """
SELECT c.relname
FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.oid = ANY(%s::regclass[])
  AND s.n_mod_since_analyze > %s + %s * greatest(c.reltuples, 0)
  AND (%s OR s.n_live_tup <= %s)
"""


def renew(*models: type[Model], whatever_size: bool = False) -> list[str]:
    """Analyze the tables that have changed much since the last time; return their names.

    Large tables are left to autovacuum, unless ``whatever_size``. SQLite's planner needs nothing.
    """
    if connection.vendor != "postgresql":
        return []
    tables = [connection.ops.quote_name(model._meta.db_table) for model in models]
    with connection.cursor() as cursor:
        cursor.execute(_OUTDATED, [tables, CHANGED, GROWTH, whatever_size, MOST_ROWS])
        outdated = [name for (name,) in cursor.fetchall()]
        for name in outdated:
            # A table that is being vacuumed, or changed by an upgrade, has no time for it.
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {connection.ops.quote_name(name)}")
    return outdated
