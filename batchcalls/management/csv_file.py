"""The results of a batch as a file that appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from batchcalls import exports
from batchcalls.management.draft_options import Refused
from batchcalls.models import Batch


def check_writable(path: Path) -> None:
    """Raise `Refused` before anybody is called when the results could not be written."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise Refused(
            f"The results cannot be written to {path}. Name a file in a folder that exists.",
            code="results_unwritable",
        )


def write_results_file(batch: Batch, path: Path) -> None:
    """Write beside the file, then put it in its place."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            exports.write_results(batch, out)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
