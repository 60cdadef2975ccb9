"""Disks that are small, full, or away for a moment, without stand-ins."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

#: Bytes of a disk that a test can fill.
SMALL = 1_000_000


@contextlib.contextmanager
def away(folder: Path) -> Iterator[Path]:
    """Take a folder away, as a mount that is lost; bring it back at the end."""
    hidden = folder.with_name(f"{folder.name}-away")
    folder.rename(hidden)
    try:
        yield hidden
    finally:
        hidden.rename(folder)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a small disk; skip the test where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("Only root can mount a small disk.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, *, free: int = 0) -> Path:
    """Fill the disk of a folder up to ``free`` bytes; return the file that takes up the space."""
    filler, disk = folder / "filler", os.statvfs(folder)
    filler.write_bytes(bytes(disk.f_bavail * disk.f_frsize - free))
    return filler


def files(folder: Path) -> list[str]:
    """Return the files and folders of a disk, without the filler."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.name != "filler")
    return sorted(map(str, found))


@contextlib.contextmanager
def full_database(table: str) -> Iterator[None]:
    """Let the database itself report that its disk is full when a row is added to a table."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            pages = cursor.execute("PRAGMA page_count").fetchone()[0]
            limit = cursor.execute("PRAGMA max_page_count").fetchone()[0]
            cursor.execute(f"PRAGMA max_page_count = {pages}")
        else:
            _raise_disk_full(cursor, table)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(f"PRAGMA max_page_count = {limit}")
            else:
                cursor.execute("DROP FUNCTION full_disk CASCADE")


def _raise_disk_full(cursor: Any, table: str) -> None:
    cursor.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'could not extend file: No space left on device' "
        "USING ERRCODE = 'disk_full'; END $$"
    )
    cursor.execute(
        f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION full_disk()"
    )
