"""The legal floor: rules for calls to real phones that policies and settings can only narrow."""

from __future__ import annotations

from typing import Final

from campaigns.calling_hours import CallingHours
from campaigns.caps import Caps

#: 08:00 to 21:00 every day, in each time zone the recipient may be in (47 CFR 64.1200(c)(1)).
LEGAL_HOURS: Final = CallingHours(windows=(((8 * 60, 21 * 60),),) * 7)

#: Attempts to one number, in all batches. Florida Statutes 501.616(6)(b), applied everywhere.
LEGAL_CAPS: Final = Caps(attempts_24h=3)
