"""Databases of a test run: one is migrated, and each test process gets a copy."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from django.conf import settings
from django.db import connection

from batchcalls.database import append_only
from batchcalls.models import AuditEntry
from config import env

NewDatabase = Callable[..., contextlib.AbstractContextManager[str]]

ROOT = Path(__file__).resolve().parents[1]
#: Identifies the run: the first process sets it, and pytest-xdist's workers inherit it.
RUN = os.environ.setdefault("TEST_RUN", uuid4().hex)


@contextlib.contextmanager
def new_database(folder: Path, *, migrated: bool = True) -> Iterator[str]:
    """Yield the URL of a migrated or empty database, of the kind that the suite runs on.

    An SQLite file is created in the folder; a PostgreSQL database is dropped at the end.
    """
    template = _migrated_once() if migrated else None
    if not _is_postgresql():
        file = folder / "copy.sqlite3"
        yield _url(shutil.copy(template, file) if template else file)
        return
    name = f"copy_{uuid4().hex}"
    _execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template1'}")
    try:
        yield _url(name)
    finally:
        _execute(f"DROP DATABASE {name} WITH (FORCE)")


def let_flushes_pass() -> None:
    """Let tests that empty all tables at their end also empty the audit log.

    Its triggers refuse that to everybody else, and hold during the tests.
    """
    table, vendor, flushing = AuditEntry._meta.db_table, connection.vendor, connection.ops.sql_flush

    def sql_flush(*args: Any, **options: Any) -> list[str]:
        statements = flushing(*args, **options)
        if vendor == "postgresql":
            switch = f'ALTER TABLE "{table}" {{}} TRIGGER USER'
            return [switch.format("DISABLE"), *statements, switch.format("ENABLE")]
        if not AuditEntry.objects.exists():
            return statements
        return [
            *append_only.drop(table, vendor),
            *statements,
            *append_only.create(table, vendor),
        ]

    connection.ops.sql_flush = sql_flush  # type: ignore[method-assign]


def drop_template() -> None:
    """Remove the migrated database of this run, if there is one."""
    if not _lock().exists():
        return
    if _is_postgresql():
        _execute(f"DROP DATABASE IF EXISTS {_template()} WITH (FORCE)")
    else:
        Path(_template()).unlink(missing_ok=True)
    _lock().unlink()


def _migrated_once() -> str:
    """Return the name of the migrated database; the first process to call this migrates it."""
    template = _template()
    with _lock().open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _exists(template):
            return template
        # Rename it only when it is complete.
        draft = f"{template}_draft"
        if _is_postgresql():
            _execute(f"CREATE DATABASE {draft}")
        _migrate(_url(draft))
        if _is_postgresql():
            _execute(f"ALTER DATABASE {draft} RENAME TO {template}")
        else:
            Path(draft).rename(template)
    return template


def _migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        env={**os.environ, "DATABASE_URL": url},
        cwd=ROOT,
        check=True,
    )


def _lock() -> Path:
    return Path(settings.DATA_DIR) / f"{RUN}.lock"


def _template() -> str:
    return f"migrated_{RUN}" if _is_postgresql() else f"{settings.DATA_DIR}/{RUN}.sqlite3"


def _exists(template: str) -> bool:
    if not _is_postgresql():
        return Path(template).exists()
    with _server() as server:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return server.execute(query, [template]).fetchone() is not None


def _is_postgresql() -> bool:
    return str(settings.DATABASES["default"]["ENGINE"]) == "django.db.backends.postgresql"


def _url(name: object) -> str:
    if not _is_postgresql():
        return f"sqlite:///{name}"
    return urlsplit(env.text("DATABASE_URL"))._replace(path=f"/{name}").geturl()


def _execute(statement: str) -> None:
    with _server() as server:
        server.execute(statement)


def _server() -> psycopg.Connection:
    return psycopg.connect(_url("postgres"), autocommit=True)
