"""Rule packs and their entries, and how their files are read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Any, Final

from campaigns.calling_hours import CallingHours, Span
from campaigns.caps import Caps
from campaigns.consent_demands import ConsentKind, Demand
from campaigns.hours_in_words import windows_in_words
from campaigns.places.states import names_of_places
from campaigns.rules.public_holidays import holidays_of
from campaigns.vocabulary import Purpose

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: The days of `hours` that have a name of their own, as positions of the week.
_RUNS: Final = {
    **{name: range(day, day + 1) for day, name in enumerate(_DAYS)},
    "daily": range(7),
    "mon-fri": range(5),
    "mon-sat": range(6),
    "sat-sun": range(5, 7),
}
_REQUIRED: Final = {"id": str, "place": str, "purposes": list, "source": str, "as_of": date}
_OPTIONAL: Final = {
    "title": str,
    "hours": dict,
    "caps": dict,
    "consent": str,
    "consent_days": int,
    "note": str,
    "effective": date,
    "enforced": bool,
}
_KINDS: Final = {**_REQUIRED, "verified": bool, **_OPTIONAL}


class RulesInvalid(ValueError):
    """A rule pack cannot be read. The text names the file, the entry, and what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One rule of a pack: when, how often, or with which consent people may be called.

    ``windows`` are those of each weekday, ``on_holidays`` those of public holidays of ``place``;
    None is no rule. ``effective`` is the first day on which the entry holds; None is always. An
    entry that is not ``enforced`` only informs. ``as_of`` is the date of ``source``; an entry that
    is not ``verified`` has sources that disagree, or one that is weak.
    """

    pack: str
    version: str
    id: str
    place: str
    title: str
    purposes: tuple[Purpose, ...]
    windows: tuple[tuple[Span, ...], ...] | None
    on_holidays: tuple[Span, ...] | None
    caps: Caps
    consent: ConsentKind | None
    consent_days: int | None
    note: str
    source: str
    as_of: date
    effective: date | None
    enforced: bool
    verified: bool

    @cached_property
    def key(self) -> str:
        """The entry's name among all packs: “us/florida”."""
        return f"{self.pack}/{self.id}"

    def holds_on(self, day: date) -> bool:
        """Return whether the entry is enforced on a day."""
        return self.enforced and (self.effective is None or self.effective <= day)

    def hours_around(self, year: int) -> CallingHours | None:
        """Return the hours with the holidays of a year and its neighbors; None for no rule."""
        return _hours_around(self, year)

    def holiday_on(self, day: date) -> str:
        """Return the name of the holiday on a day whose hours differ; "" for other days."""
        return "" if self.on_holidays is None else holidays_of(self.place, day.year).get(day, "")

    @property
    def demand(self) -> Demand | None:
        """The consent that the entry demands."""
        if self.consent is None:
            return None
        return Demand(
            at_least=self.consent,
            longest=timedelta(days=self.consent_days) if self.consent_days else None,
            said_by=f"Rule pack {self.pack} {self.version} ({self.title})",
        )

    @property
    def hours_in_words(self) -> str:
        """The hours as people read them: “Mon–Sat 08:00–20:00; not on holidays”."""
        if self.windows is None:
            return ""
        words = windows_in_words(self.windows)
        if self.on_holidays is None:
            return words
        holidays = self.holiday_hours_in_words
        return f"{words}; {f'holidays {holidays}' if holidays else 'not on holidays'}"

    @property
    def holiday_hours_in_words(self) -> str:
        """The hours of holidays as people read them; blank when they have none of their own."""
        return windows_in_words((self.on_holidays,) * 7) if self.on_holidays else ""

    @property
    def caps_in_words(self) -> str:
        """The caps as people read them: “3 calls in 24 hours”."""
        return ", ".join(window.counted(limit) for window, limit in self.caps.limits.values())

    @property
    def rules_in_words(self) -> tuple[str, ...]:
        """What the entry demands: hours, caps, and consent."""
        consent = self.consent.label.capitalize() if self.consent else ""
        found = (_sentence(self.hours_in_words), self.caps_in_words, consent)
        return tuple(filter(None, found))

    @property
    def purposes_in_words(self) -> str:
        """The purposes of the calls under the entry."""
        return ", ".join(one.label for one in Purpose if one in self.purposes)

    def in_words(self) -> str:
        """Return what the entry demands: “Florida: 08:00–20:00; 3 calls in 24 hours”."""
        return f"{self.title}: {'; '.join(self.rules_in_words) or self.note}"


@dataclass(frozen=True, kw_only=True)
class Pack:
    """The entries of one file. ``code`` is the file's name: “us”."""

    code: str
    name: str
    country: str
    version: str
    entries: tuple[Entry, ...]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"


def read(code: str, text: str) -> Pack:
    """Read a pack's TOML; raise `RulesInvalid` for anything that is not well formed."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesInvalid(f"{code}.toml is not valid TOML: {error}") from error
    where = f"{code}.toml"
    _check_keys(where, data, {"name": str, "country": str, "version": str, "entry": list})
    entries = tuple(_entries(code, data))
    ids = [entry.id for entry in entries]
    if twice := next((one for one in ids if ids.count(one) > 1), ""):
        raise RulesInvalid(f"{where} has two entries with the id “{twice}”. Rename one.")
    return Pack(
        code=code,
        name=data["name"],
        country=data["country"],
        version=data["version"],
        entries=entries,
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _entries(code: str, data: Mapping[str, Any]) -> Iterator[Entry]:
    for number, raw in enumerate(data["entry"], start=1):
        where = f"{code}.toml, entry {raw.get('id') or number}"
        _check_keys(where, raw, _KINDS, optional=_OPTIONAL.keys())
        try:
            yield _entry(code, data, raw)
        except ValueError as error:
            raise RulesInvalid(f"{where}: {error}") from error


def _entry(code: str, data: Mapping[str, Any], raw: Mapping[str, Any]) -> Entry:
    place, country = raw["place"], data["country"]
    if place != country and not place.startswith(f"{country}-"):
        raise ValueError(f"the place “{place}” is not in {country}.")
    if not raw["source"].strip() or not raw["purposes"]:
        raise ValueError("source and purposes must not be empty.")
    name = data["name"] if place == country else names_of_places().get(place)
    if name is None:
        raise ValueError(f"the place “{place}” is not known.")
    hours = raw.get("hours")
    windows, on_holidays = _hours(hours) if hours is not None else (None, None)
    if on_holidays is not None:
        holidays_of(place, raw["as_of"].year)
    entry = Entry(
        pack=code,
        version=data["version"],
        id=raw["id"],
        place=place,
        title=raw.get("title", name),
        purposes=tuple(map(Purpose, raw["purposes"])),
        windows=windows,
        on_holidays=on_holidays,
        caps=Caps.from_dict(raw.get("caps", {})),
        consent=_consent(raw["consent"]) if "consent" in raw else None,
        consent_days=raw.get("consent_days"),
        note=raw.get("note", ""),
        source=raw["source"],
        as_of=raw["as_of"],
        effective=raw.get("effective"),
        enforced=raw.get("enforced", True),
        verified=raw["verified"],
    )
    demands_something = windows is not None or entry.caps.limits or entry.consent
    if entry.enforced and not demands_something:
        raise ValueError("an enforced entry needs hours, caps, or consent.")
    if not entry.enforced and not entry.note:
        raise ValueError("an entry that is not enforced needs a note.")
    return entry


def _check_keys(
    where: str, data: Any, kinds: Mapping[str, type], *, optional: Any = frozenset()
) -> None:
    """Raise `RulesInvalid` for missing and unknown keys, and for values of another type."""
    if not isinstance(data, dict):
        raise RulesInvalid(f"{where} is not a table.")
    if missing := sorted(kinds.keys() - optional - data.keys()):
        raise RulesInvalid(f"{where} lacks {', '.join(missing)}.")
    if unknown := sorted(data.keys() - kinds.keys()):
        raise RulesInvalid(f"{where} has unknown keys: {', '.join(unknown)}.")
    for key, value in data.items():
        if type(value) is not kinds[key]:
            raise RulesInvalid(f"{where}: {key} must be of the type {kinds[key].__name__}.")


def _hours(
    data: Mapping[str, Any],
) -> tuple[tuple[tuple[Span, ...], ...], tuple[Span, ...] | None]:
    """Read the windows of each weekday and of holidays; raise ValueError."""
    by_day: dict[int, tuple[Span, ...]] = {}
    on_holidays = None
    for name, texts in data.items():
        spans = tuple(sorted(map(_span, texts)))
        if name == "holidays":
            on_holidays = spans
            continue
        if name not in _RUNS:
            raise ValueError(f"“{name}” is not a day. Use {', '.join([*_RUNS, 'holidays'])}.")
        if twice := by_day.keys() & set(_RUNS[name]):
            raise ValueError(f"{_DAYS[min(twice)]} has its hours twice.")
        by_day |= dict.fromkeys(_RUNS[name], spans)
    if missing := [name for day, name in enumerate(_DAYS) if day not in by_day]:
        raise ValueError(f"the hours of {', '.join(missing)} are missing; [] is closed.")
    windows = tuple(by_day[day] for day in range(7))
    CallingHours(windows=windows)
    CallingHours(windows=(on_holidays or (),) * 7)
    return windows, on_holidays


def _span(text: Any) -> Span:
    """Read a window such as 08:00-20:00; raise ValueError."""
    if not isinstance(text, str) or text.count("-") != 1:
        raise ValueError(f"a window is written as in 08:00-20:00, not {text!r:.40}.")
    hours = CallingHours.from_dict({"windows": {"0": [text.split("-")]}})
    return hours.windows[0][0]


def _consent(name: str) -> ConsentKind:
    kinds = {kind.name.lower(): kind for kind in ConsentKind if kind}
    if name not in kinds:
        raise ValueError(f"“{name}” is not a kind of consent. Use {', '.join(kinds)}.")
    return kinds[name]


@lru_cache(maxsize=512)
def _hours_around(entry: Entry, year: int) -> CallingHours | None:
    if entry.windows is None:
        return None
    days: frozenset[tuple[date, tuple[Span, ...]]] = frozenset()
    if entry.on_holidays is not None:
        spans = entry.on_holidays
        days = frozenset(
            (day, spans)
            for near in (year - 1, year, year + 1)
            for day in holidays_of(entry.place, near)
        )
    return CallingHours(windows=entry.windows, special_days=days)
