"""Judges by the data alone whether somebody was called at the wrong time or too often.

Written without the code that decides about calls: zones come from the ZIP codes of PyPI's zipcodes
and from the tables below, hours are checked minute by minute with zoneinfo.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import zipcodes

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
#: How long after its claim a call may be sent, at most.
SENT_WITHIN = timedelta(seconds=45)
#: Rows of the ZIP table that say nothing of area codes: military, islands of other states, a typo.
_NOT_JUDGED = frozenset({"AA", "AE", "AP", "FM", "MH", "PW"})
_MISTAKES = frozenset({"Napakiak"})
#: A zone that fewer of an area code's ZIP codes have need not be open.
FEW = 0.02

ATLANTIC, EASTERN, CENTRAL = "America/Halifax", "America/New_York", "America/Chicago"
MOUNTAIN, PACIFIC = "America/Denver", "America/Los_Angeles"
ARIZONA = "America/Phoenix"
ALASKA, HAWAII = "America/Anchorage", "Pacific/Honolulu"
TERRITORIES = ("America/Puerto_Rico", "Pacific/Guam", "Pacific/Pago_Pago")
TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")
#: Canadian area codes, by hand from the numbering plan.
CANADA = {
    **dict.fromkeys(["204", "431", "584"], (CENTRAL,)),
    **dict.fromkeys(["226", "249", "289", "343", "365", "382", "416", "437"], (EASTERN,)),
    **dict.fromkeys(["519", "548", "613", "647", "683", "705", "742", "753", "905"], (EASTERN,)),
    "807": (EASTERN, CENTRAL),
    **dict.fromkeys(
        ["236", "250", "257", "672", "778"],
        (
            PACIFIC,
            "America/Edmonton",
        ),
    ),
    "604": [PACIFIC],
    **dict.fromkeys(["368", "403", "587", "780", "825"], ("America/Edmonton",)),
    **dict.fromkeys(["306", "474", "639"], ("America/Regina", MOUNTAIN)),
    **dict.fromkeys(["263", "354", "438", "450", "468", "514", "579", "819", "873"], (EASTERN,)),
    **dict.fromkeys(
        ["367", "418", "581"],
        (
            EASTERN,
            ATLANTIC,
        ),
    ),
    **dict.fromkeys(["428", "506", "782", "902"], (ATLANTIC,)),
    **dict.fromkeys(
        ["709", "879"],
        (
            "America/St_Johns",
            "America/Goose_Bay",
        ),
    ),
    "867": ("America/Whitehorse", MOUNTAIN, CENTRAL, EASTERN),
}
#: Places with another zone than their state, of which the ZIP table knows nothing: West Wendover.
ALSO_IN = {"NV": [MOUNTAIN]}
#: Prefix of numbers, how many digits follow, and where their owners live.
COUNTRIES: list[tuple[str, int, list[str]]] = [
    ("+447400", 6, ["Europe/London"]),
    ("+491511", 7, ["Europe/Berlin"]),
    ("+33612", 6, ["Europe/Paris"]),
    ("+34612", 6, ["Europe/Madrid", "Atlantic/Canary"]),
    ("+351912", 6, ["Europe/Lisbon", "Atlantic/Azores"]),
    ("+39347", 7, ["Europe/Rome"]),
    ("+48501", 6, ["Europe/Warsaw"]),
    ("+79161", 6, ["Europe/Moscow", "Europe/Kaliningrad", "Asia/Vladivostok", "Asia/Kamchatka"]),
    ("+77011", 6, ["Asia/Almaty"]),
    ("+628123", 7, ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]),
    ("+919812", 6, ["Asia/Kolkata"]),
    ("+8613812", 6, ["Asia/Shanghai"]),
    ("+819012", 6, ["Asia/Tokyo"]),
    ("+61412", 6, ["Australia/Sydney", "Australia/Perth", "Australia/Lord_Howe"]),
    ("+61889", 6, ["Australia/Darwin"]),
    ("+6421123", 4, ["Pacific/Auckland", "Pacific/Chatham"]),
    ("+551198", 7, ["America/Sao_Paulo"]),
    ("+559299", 7, ["America/Manaus"]),
    ("+525512", 6, ["America/Mexico_City"]),
    ("+526641", 6, ["America/Tijuana"]),
    ("+27821", 6, ["Africa/Johannesburg"]),
    ("+234803", 7, ["Africa/Lagos"]),
    ("+201001", 6, ["Africa/Cairo"]),
    ("+905321", 6, ["Europe/Istanbul"]),
    ("+97250", 7, ["Asia/Jerusalem"]),
    ("+97150", 7, ["Asia/Dubai"]),
    ("+639171", 6, ["Asia/Manila"]),
    ("+212650", 6, ["Africa/Casablanca"]),
    ("+213551", 6, ["Africa/Algiers"]),
    ("+5581987", 6, ["America/Recife", "America/Noronha"]),
    ("+61755", 6, ["Australia/Brisbane", "Australia/Sydney"]),
    ("+541123", 6, ["America/Argentina/Buenos_Aires"]),
    ("+56961", 6, ["America/Santiago", "Pacific/Easter"]),
    ("+243812", 6, ["Africa/Kinshasa", "Africa/Lubumbashi"]),
    ("+976881", 5, ["Asia/Ulaanbaatar", "Asia/Hovd"]),
    ("+353871", 6, ["Europe/Dublin"]),
]
#: What people write in a column of time zones.
WRITTEN = {"EST": EASTERN, "Central": CENTRAL, "MST": MOUNTAIN, "PST": PACIFIC, "HST": HAWAII}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list, as it is written, and its place in the list."""

    row: int
    number: str
    timezone: str = ""
    postcode: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a policy says. Windows are minutes of the day by weekday, from 0 for Monday."""

    windows: dict[int, list[tuple[int, int]]] = field(
        default_factory=lambda: {day: [(0, 24 * 60)] for day in range(7)}
    )
    blackout: frozenset[date] = frozenset()
    caps: dict[timedelta, int] = field(default_factory=dict)
    retries: int = 0
    wait: timedelta = timedelta(0)
    another_hour: bool = False


#: 47 CFR 64.1200(c)(1), and Florida Statutes 501.616(6)(b).
FLOOR_OPENS, FLOOR_CLOSES, FLOOR_CAP = 8 * 60, 21 * 60, 3


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that reached the carrier: for which batch and row, to which number, and when."""

    batch: str
    row: int
    number: str
    at: datetime


@cache
def zip_zones() -> dict[str, str]:
    """Return the zone of each ZIP code."""
    return {row["zip_code"]: row["timezone"] for row in _zips()}


@cache
def _zips() -> list[dict[str, Any]]:
    return [
        row
        for row in zipcodes.list_all()
        if row["timezone"] and row["state"] not in _NOT_JUDGED and row["timezone"] not in _MISTAKES
    ]


@cache
def shares(by: str) -> dict[str, Counter[str]]:
    """Count the ZIP codes of each area code or state (``by``) by their zone."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in _zips():
        for name in row["area_codes"] if by == "area_code" else [row["state"]]:
            found[name][row["timezone"]] += 1
    return dict(found)


def most(counts: Counter[str]) -> list[str]:
    """Return the zones that more than a few of the ZIP codes have."""
    return [zone for zone, count in counts.items() if count > FEW * counts.total()]


def zones_of_number(number: str, *, even_few: bool = False) -> list[str]:
    """Return the zones where the owner of a number may be; ``even_few``: or might just be."""
    code = number[2:5]
    if not number.startswith("+1"):
        return next(zones for prefix, _, zones in COUNTRIES if number.startswith(prefix))
    if code in TOLL_FREE:
        mainland = [EASTERN, CENTRAL, MOUNTAIN, ARIZONA, PACIFIC, ALASKA, HAWAII]
        return [*mainland, *TERRITORIES] if even_few else mainland
    if code in CANADA:
        return list(CANADA[code])
    counts = shares("area_code")[code]
    return list(counts) if even_few else most(counts)


@cache
def clocks(zone: str) -> tuple[timedelta | None, ...]:
    """Return the offsets of a zone through a year: equal for zones with the same clocks."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    return tuple((noon + day * DAY).astimezone(ZoneInfo(zone)).utcoffset() for day in range(365))


def _share_clocks(some: Iterable[str], others: Iterable[str]) -> bool:
    return bool({clocks(one) for one in some} & {clocks(one) for one in others})


def zones_of(row: Row, *, even_few: bool = False) -> tuple[str, ...]:
    """Return all zones in which it must be an allowed time when a row is called.

    What the row says counts before its number. Whatever contradicts that counts too. ``even_few``:
    nothing contradicts a zone that only a few of an area code's ZIP codes have.
    """
    sources: list[tuple[list[str], list[str]]] = []  # zones that count, and zones that agree
    if row.timezone:
        zone = WRITTEN.get(row.timezone, row.timezone)
        sources.append(([zone], [zone]))
    if row.postcode:
        zone = zip_zones()[row.postcode]
        sources.append(([zone], [zone]))
    by_number = zones_of_number(row.number)
    sources.append((by_number, zones_of_number(row.number, even_few=even_few)))
    if row.state:
        counts = shares("state")[row.state]
        sources.append((most(counts), [*counts, *ALSO_IN.get(row.state, [])]))
    counted, agreed = map(list, sources[0])
    for counting, agreeing in sources[1:]:
        if not _share_clocks(agreed, agreeing):
            counted += counting
            agreed += agreeing
    return tuple(dict.fromkeys(counted))


def is_allowed(at: datetime, zones: Sequence[str], rules: Rules) -> str:
    """Return "" if a call may start at a moment, else "early" or "late"."""
    for zone in zones:
        local = at.astimezone(ZoneInfo(zone))
        minute = 60 * local.hour + local.minute
        spans = [] if local.date() in rules.blackout else rules.windows.get(local.weekday(), [])
        spans = [(max(a, FLOOR_OPENS), min(b, FLOOR_CLOSES)) for a, b in spans]
        if not any(opens <= minute < closes for opens, closes in spans):
            is_over = any(closes <= minute for opens, closes in spans if opens < closes)
            return "late" if is_over else "early"
    return ""


def first_allowed(after: datetime, zones: Sequence[str], rules: Rules) -> datetime | None:
    """Return the first moment from a time on when a call may start, within 14 days."""
    if not is_allowed(after, zones, rules):
        return after
    whole = after.replace(second=0, microsecond=0)
    return next(
        (
            at
            for minutes in range(1, 14 * 24 * 60)
            if not is_allowed(at := whole + minutes * MINUTE, zones, rules)
        ),
        None,
    )


def judge(rows: dict[str, list[Row]], rules: dict[str, Rules], sent: list[Sent]) -> Iterator[str]:
    """Yield what is wrong with the requests of some batches, as sentences."""
    by_row = {(batch, row.row): row for batch, some in rows.items() for row in some}
    to_number: defaultdict[str, list[Sent]] = defaultdict(list)
    to_row: defaultdict[tuple[str, int], list[Sent]] = defaultdict(list)
    for one in sorted(sent, key=lambda one: one.at):
        row = by_row[one.batch, one.row]
        wrong = [
            f"{what}: {row} of {one.batch} at {one.at}, must be open in {zones}"
            for zones in (zones_of(row), zones_of(row, even_few=True))
            if (what := is_allowed(one.at, zones, rules[one.batch]))
        ]
        if len(wrong) == 2:  # in both ways to read the data
            yield wrong[0]
        if one.number != row.number:
            yield f"another number: {one.number} for {row}"
        to_number[one.number].append(one)
        to_row[one.batch, one.row].append(one)
    for number, calls in to_number.items():
        yield from _above_caps(number, calls, rules)
    for (batch, number_of_row), calls in to_row.items():
        yield from _wrong_retries(by_row[batch, number_of_row], calls, rules[batch])


def _above_caps(number: str, calls: list[Sent], rules: dict[str, Rules]) -> Iterator[str]:
    for made, call in enumerate(calls, start=1):
        # Calls are counted when they are claimed, and may be sent in another order: one without
        # this batch's cap may have been claimed after this one.
        before = [
            one
            for one in calls[:made]
            if one is call or one.batch == call.batch or one.at <= call.at - SENT_WITHIN
        ]
        for counted, caps in (
            (calls[:made], {DAY: FLOOR_CAP}),
            (before, rules[call.batch].caps),
        ):
            for window, limit in caps.items():
                count = sum(call.at - window < one.at for one in counted)
                if count > limit:
                    yield f"above a cap: {count} calls to {number} in {window} until {call.at}"


def _wrong_retries(row: Row, calls: list[Sent], rules: Rules) -> Iterator[str]:
    if len(calls) > 1 + rules.retries:
        yield f"too many retries: {len(calls)} calls of {row}"
    for earlier, later in pairwise(calls):
        if later.at - earlier.at < rules.wait:
            yield f"retried too soon: {row} after {later.at - earlier.at}"
    zones = zones_of(row)
    hours = [call.at.astimezone(ZoneInfo(zones[0])).hour for call in calls]
    if rules.another_hour and len(zones) == 1 and len(set(hours)) < len(hours):
        yield f"retried at the same hour: {row} at {hours}"
