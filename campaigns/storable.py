"""Which texts a database can store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

#: NUL, which PostgreSQL stores nowhere, and halves of characters, which UTF-8 cannot express.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def texts_in(value: Any) -> Iterator[str]:
    """Yield every string of a JSON-like structure, names included, without recursion."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def all_storable(value: Any) -> bool:
    """Return whether all texts of a JSON-like structure can be stored."""
    return not any(map(UNSTORABLE.search, texts_in(value)))
