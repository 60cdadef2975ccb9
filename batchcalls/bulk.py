"""Write many rows that each get values of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, cast

from django.db import connections, router
from django.db.models import Field, Model


def update_each(
    model: type[Model],
    fields: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    where_in: tuple[str, Collection[str]] | None = None,
    where_null: str | None = None,
) -> int:
    """Update one row for each (pk, value, value…); return how many rows were changed.

    ``where_in`` leaves rows alone whose field holds none of the values, ``where_null`` those whose
    field holds any (compare-and-set). One prepared statement runs for all rows, which takes a
    tenth of the time of the CASE expressions that ``bulk_update`` builds.
    """
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    columns = [cast("Field[Any, Any]", model._meta.get_field(name)) for name in fields]
    assignments = ", ".join(f"{quote(str(column.column))} = %s" for column in columns)
    sql = f"UPDATE {quote(model._meta.db_table)} SET {assignments} WHERE {quote('id')} = %s"  # noqa: S608 - names from the models only
    guard: list[str] = []
    if where_in is not None:
        name, values = where_in
        guard = sorted(values)
        sql += f" AND {quote(name)} IN ({', '.join(['%s'] * len(guard))})"
    if where_null is not None:
        sql += f" AND {quote(where_null)} IS NULL"
    parameters = [
        [
            *(
                column.get_db_prep_save(value, connection)
                for column, value in zip(columns, values, strict=True)
            ),
            pk,
            *guard,
        ]
        for pk, *values in rows
    ]
    if not parameters:
        return 0
    with connection.cursor() as cursor:
        cursor.executemany(sql, parameters)
        return int(cursor.rowcount)
