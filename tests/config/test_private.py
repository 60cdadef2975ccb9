"""Files of an installation are kept from other users of the host."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: What a store of uploads and a database do, in a process with the settings of an installation.
PROGRAM = """
import django; django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
connection.cursor().execute("CREATE TABLE t (a)")
default_storage.save("lists/1/list.csv", ContentFile(b"phone_number"))
open(default_storage.path("remnant"), "w").close()
"""


def test_a_folder_made_beforehand_and_open_to_all_gets_files_for_nobody_else(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o755)
    media, old = tmp_path / "media", tmp_path / "batchcalls.sqlite3"
    media.mkdir()
    media.chmod(0o755)
    old.touch()
    old.chmod(0o644)
    other = tmp_path / "of-another-program"
    other.touch()
    other.chmod(0o644)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }

    def run() -> None:
        os.umask(0o022)

    subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, check=True, preexec_fn=run
    )

    open_to_all = [
        str(path.relative_to(tmp_path))
        for path in tmp_path.rglob("*")
        if stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO
    ]
    assert open_to_all == ["of-another-program"]
    assert stat.S_IMODE((media / "lists").stat().st_mode) == 0o750
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
