"""Time zones of US ZIP codes."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from campaigns.places.tables import rows_of

#: A ZIP code or ZIP+4. Spreadsheets drop leading zeros (501 is 00501) and append a fraction.
_ZIP: Final = re.compile(r"(?:US[- ]?)?([0-9]{3,5})(?:\.0+)?(?:[- ]?[0-9]{4})?", re.ASCII | re.I)


@cache
def _table() -> dict[str, tuple[str, ...]]:
    """Return the zones by ZIP code, and by its first three digits for codes without a line."""
    table = {}
    for row in rows_of("us_zips.csv"):
        zones = tuple(row["zones"].split())
        for ending in row["endings"].split() or [""]:
            table[row["zip3"] + ending] = zones
    return table


def zip_code(text: str) -> str:
    """Return the five digits of a US ZIP code or ZIP+4; "" for other text."""
    match = _ZIP.fullmatch(text.strip())
    return match[1].zfill(5) if match else ""


@lru_cache(maxsize=65_536)
def zones_of_zip(text: str) -> tuple[str, ...]:
    """Return the zones that a US ZIP code may be in; empty for other text and unknown codes.

    Military codes (APO, FPO, DPO) have none.
    """
    code = zip_code(text)
    return _table().get(code) or _table().get(code[:3], ())
