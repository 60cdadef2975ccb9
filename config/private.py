"""File modes: lists, exports, and the database are no business of other users of the host."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

_OTHERS = stat.S_IRWXO


def keep_from_others(*paths: Path) -> None:
    """Take the rights of other users away from these paths, and from all that is created later.

    A folder that was made beforehand may be open to all, and new files in it would be as well. The
    group keeps its rights: a proxy that sends files needs them.
    """
    os.umask(os.umask(0o077) | _OTHERS)
    for path in paths:
        # What is not there is created with the right mode; what is another user's is theirs.
        with suppress(FileNotFoundError, PermissionError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & _OTHERS:
                path.chmod(mode & ~_OTHERS)
