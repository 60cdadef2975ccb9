"""Write what must not be lost, although the database is away or full for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.db import DatabaseError, connection

log = structlog.get_logger(__name__)

#: Seconds between two tries.
AGAIN_SECONDS = 0.5


def insist(write: Callable[[], Any], *, seconds: float) -> None:
    """Call ``write`` until it raises no `DatabaseError`; after ``seconds``, raise the last one.

    Each try may use a new connection. ``write`` must be safe to repeat.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            write()
        except DatabaseError as error:
            if time.monotonic() >= until:
                raise
            log.warning("database.write_again", error=str(error))
        else:
            return
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        time.sleep(AGAIN_SECONDS)
