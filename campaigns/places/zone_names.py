"""The names that people and their systems write for the time zones of the United States.

In a list, EST means the clocks of New York, in summer too. The time zone database has EST, MST and
HST as clocks without summer time, and does not know CST or PST.
"""

from __future__ import annotations

import re
from typing import Final

_ZONES: Final = {
    "America/New_York": "eastern est edt et",
    "America/Chicago": "central cst cdt ct",
    "America/Denver": "mountain mst mdt mt",
    "America/Los_Angeles": "pacific pst pdt pt",
    "America/Anchorage": "alaska alaskan akst akdt",
    "Pacific/Honolulu": "hawaii hawaiian hst",
    "America/Phoenix": "arizona usmountain",  # “US Mountain Standard Time” of Windows
}
_BY_NAME: Final = {name: zone for zone, names in _ZONES.items() for name in names.split()}
#: What is written around the name: “(UTC-05:00) Eastern Time (US & Canada)”.
_AROUND: Final = re.compile(
    r"^\((?:utc|gmt)[^)]*\)|\((?:us|usa|u\.s\.)?(?: ?(?:&|and) ?canada)?\)"
    r"|\b(?:standard|daylight|summer|time|zone|timezone)\b"
)
_BETWEEN: Final = re.compile(r"[\W_]+")


def us_zone(text: str) -> str:
    """Return the IANA zone that a US name or abbreviation means; "" for anything else."""
    rest = _AROUND.sub(" ", text.strip().casefold())
    return _BY_NAME.get(_BETWEEN.sub("", rest), "")
