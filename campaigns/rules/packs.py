"""The rule packs of this installation, and what they demand of calls to a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.calling_hours import CallingHours, Closed
from campaigns.caps import Caps
from campaigns.consent_demands import Demand
from campaigns.places.jurisdictions import holds_in
from campaigns.rules.entries import Entry, Pack, read
from campaigns.vocabulary import Purpose

_DATA: Final = Path(__file__).parent / "data"
#: A number of an unknown state is under the rules of all.
_SHOWN: Final = 4


@cache
def packs() -> dict[str, Pack]:
    """Return all packs by code; raise `entries.RulesInvalid` for a file that is not well formed."""
    files = sorted(_DATA.glob("*.toml"))
    return {path.stem: read(path.stem, path.read_text(encoding="utf-8")) for path in files}


def versions() -> dict[str, str]:
    """Return the version of each pack, as a batch keeps them."""
    return {code: pack.version for code, pack in packs().items()}


def in_force(now: datetime) -> date:
    """Return the day whose rules hold: a rule holds once its first day begins anywhere."""
    return (now + timedelta(hours=14)).date()


@dataclass(frozen=True, eq=False, kw_only=True)
class Holding:
    """The entries that hold for calls of a purpose to people who may be in some places.

    ``hours`` are those when all entries are open, and ``caps`` the strictest of all.
    """

    entries: tuple[Entry, ...]
    on: date

    @cached_property
    def has_hours(self) -> bool:
        """True when an entry restricts hours."""
        return bool(self._by_entry)

    @cached_property
    def hours(self) -> CallingHours:
        """The hours when all entries allow calls, for some weeks from the day."""
        together = CallingHours.always()
        for _, hours in self._by_entry:
            together = together.intersected(hours)
        return together

    @cached_property
    def caps(self) -> Caps:
        """The strictest caps of all entries."""
        caps = Caps()
        for entry in self.entries:
            caps = caps.narrowed(entry.caps)
        return caps

    @cached_property
    def demands(self) -> tuple[Demand, ...]:
        """The consent that the entries demand."""
        return tuple(entry.demand for entry in self.entries if entry.demand)

    @cached_property
    def hours_in_words(self) -> str:
        """The entries with hours: “us 2026-11-27: Florida 08:00–20:00”."""
        return _listed([(entry, entry.hours_in_words) for entry, _ in self._by_entry])

    @cached_property
    def caps_in_words(self) -> str:
        """The entries with caps: “us 2026-11-27: Florida 3 calls in 24 hours”."""
        capped = [entry for entry in self.entries if entry.caps.limits]
        return _listed([(entry, entry.caps_in_words) for entry in capped])

    def why_closed(self, now: datetime, zones: Sequence[str]) -> str:
        """Return which entry allows no call now, and why: a holiday by its name.

        The first entry that is closed by itself, else all of them.
        """
        for entry, hours in self._by_entry:
            closed = hours.check(now, zones)
            if isinstance(closed, Closed) and closed.reason != "unknown_timezone":
                return f"{_name(entry)}: {_holiday(entry, now, zones) or closed.message}"
        return f"{self.hours_in_words}: never open at once."

    @cached_property
    def _by_entry(self) -> tuple[tuple[Entry, CallingHours], ...]:
        found = ((entry, entry.hours_around(self.on.year)) for entry in self.entries)
        return tuple((entry, hours) for entry, hours in found if hours)


@lru_cache(maxsize=4096)
def holding(
    places: str, purpose: str, on: date, switched_off: frozenset[str] = frozenset()
) -> Holding:
    """Return what holds for calls of a purpose on a day.

    ``places`` are all those where the person may be, with commas between them (US-FL,US-GA); the
    rules of all hold. ``switched_off`` has packs and entries that do not: “us”, “us/florida”.
    """
    possible = [place for place in places.split(",") if place]
    return Holding(
        entries=tuple(
            entry
            for pack in packs().values()
            if pack.code not in switched_off
            for entry in pack.entries
            if Purpose(purpose) in entry.purposes
            and entry.holds_on(on)
            and entry.key not in switched_off
            and any(holds_in(entry.place, place) for place in possible)
        ),
        on=on,
    )


def consent_demands(
    places: str, purpose: str, on: date, switched_off: frozenset[str] = frozenset()
) -> Sequence[Demand]:
    """Return the consent that calls of a purpose need on a day; see `holding`."""
    return holding(places, purpose, on, switched_off).demands


def _holiday(entry: Entry, now: datetime, zones: Sequence[str]) -> str:
    """Return a sentence if it is a holiday in a zone; "" otherwise."""
    for zone in zones:
        if name := entry.holiday_on(now.astimezone(ZoneInfo(zone)).date()):
            when = f"may only start {entry.holiday_hours_in_words}" if entry.on_holidays else ""
            return f"It is {name} in {entry.title}; calls {when or 'may not start on that day'}."
    return ""


def _name(entry: Entry) -> str:
    return f"{entry.pack} {entry.version}, {entry.title}"


def _listed(demanding: Sequence[tuple[Entry, str]]) -> str:
    """List entries and what they demand, each pack's name once."""
    words: list[str] = []
    pack = ""
    for entry, demanded in demanding[:_SHOWN]:
        name = f"{entry.pack} {entry.version}: " if entry.pack != pack else ""
        words.append(f"{name}{entry.title} {demanded}")
        pack = entry.pack
    more = len(demanding) - _SHOWN
    return "; ".join(words) + (f"; and {more} more" if more > 0 else "")
