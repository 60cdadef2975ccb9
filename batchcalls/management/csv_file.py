"""Writes a table to a file, completely or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from batchcalls.management.draft_options import Refused
from batchcalls.reporting.exports.tables import Table
from batchcalls.reporting.exports.writing import csv_blocks


def check_writable(path: Path) -> None:
    """Raise `Refused` for a path that cannot be written, before any call is placed."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise Refused(
            f"No file can be written to {path}. Name a file in a folder that exists.",
            code="results_unwritable",
        )


def write_csv_file(table: Table, path: Path) -> None:
    """Write a temporary file in the same folder, then rename it."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.writelines(csv_blocks(table))
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
