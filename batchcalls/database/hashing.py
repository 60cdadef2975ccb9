"""SHA-256 as a function of the database."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import SHA256
from django.db.models.sql.compiler import SQLCompiler


class Sha256Hex(SHA256):
    """The SHA-256 of a text, as hexadecimal digits in lower case."""

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        """Use the built-in function; Django's needs the extension pgcrypto."""
        template = "ENCODE(SHA256(CONVERT_TO(%(expressions)s, 'UTF8')), 'hex')"
        sql, params = self.as_sql(compiler, connection, template=template, **extra_context)
        return sql, tuple(params)
