"""Databases of a test run: templates are made once, and whoever needs a database gets a copy."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import environ
import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connection, connections
from pytest_django import DjangoDbBlocker

from batchcalls.database import append_only
from config import env

NewDatabase = Callable[..., contextlib.AbstractContextManager[str]]

ROOT = Path(__file__).resolve().parents[1]
#: Identifies the run: the first process sets it, and those that it starts inherit it.
BEGAN_HERE = "TEST_RUN" not in os.environ
RUN = os.environ.setdefault("TEST_RUN", uuid4().hex)


#: Commands that turn an empty database into a template, by its name.
TEMPLATES = {
    "migrated": ("manage.py", "migrate", "--verbosity=0"),
    "upgraded": ("-m", "tests.models.earlier"),
}


@contextlib.contextmanager
def new_database(folder: Path, *, template: str | None = "migrated") -> Iterator[str]:
    """Yield the URL of a copy of a template or of an empty database, of the suite's kind.

    An SQLite file is created in the folder; a PostgreSQL database is dropped at the end.
    """
    template = template and _made_once(template)
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


@contextlib.contextmanager
def connected_to(url: str, blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let this process use another database."""
    entry = connection.settings_dict
    name = entry["NAME"]
    entry["NAME"] = environ.Env.db_url_config(url)["NAME"]
    yield
    with blocker.unblock():
        connections.close_all()
    entry["NAME"] = name


def let_flushes_pass() -> None:
    """Let tests that empty all tables at their end also empty the audit log.

    Its triggers refuse that to everybody else, and hold during the tests.
    """
    entries = apps.get_model("batchcalls", "AuditEntry")
    table, vendor, flushing = entries._meta.db_table, connection.vendor, connection.ops.sql_flush

    def sql_flush(*args: Any, **options: Any) -> list[str]:
        statements = flushing(*args, **options)
        if vendor == "postgresql":
            switch = f'ALTER TABLE "{table}" {{}} TRIGGER USER'
            return [switch.format("DISABLE"), *statements, switch.format("ENABLE")]
        if not entries.objects.exists():
            return statements
        return [
            *append_only.drop(table, vendor),
            *statements,
            *append_only.create(table, vendor),
        ]

    connection.ops.sql_flush = sql_flush  # type: ignore[method-assign]


def drop_templates() -> None:
    """Remove the templates of this run, if this process is the one that began it."""
    if not BEGAN_HERE:
        return
    for name in TEMPLATES:
        lock = _lock(name)
        if not lock.exists():
            continue
        if _is_postgresql():
            _execute(f"DROP DATABASE IF EXISTS {_template(name)} WITH (FORCE)")
        else:
            Path(_template(name)).unlink(missing_ok=True)
        lock.unlink()


def _made_once(name: str) -> str:
    """Return a template's database; the first process to call this makes it."""
    template = _template(name)
    with _lock(name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _exists(template):
            return template
        # Rename it only when it is complete.
        draft = f"{template}_draft"
        if _is_postgresql():
            _execute(f"CREATE DATABASE {draft}")
        subprocess.run(
            [sys.executable, *TEMPLATES[name]],
            env={**os.environ, "DATABASE_URL": _url(draft)},
            cwd=ROOT,
            check=True,
        )
        if _is_postgresql():
            _execute(f"ALTER DATABASE {draft} RENAME TO {template}")
        else:
            Path(draft).rename(template)
    return template


def _lock(name: str) -> Path:
    kind = connection.vendor
    return Path(tempfile.gettempdir()) / f"batchcalls-{RUN}-{kind}-{name}.lock"


def _template(name: str) -> str:
    return f"{name}_{RUN}" if _is_postgresql() else str(_lock(name).with_suffix(".sqlite3"))


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
