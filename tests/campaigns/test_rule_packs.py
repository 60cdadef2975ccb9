"""The files of the rule packs, and what they demand of calls to a place."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from campaigns.calling_hours import Closed, Open
from campaigns.consent_demands import ConsentKind
from campaigns.rules import entries, packs
from campaigns.rules.public_holidays import holidays_of
from campaigns.vocabulary import Purpose

TODAY = date(2026, 11, 27)
CHICAGO, NEW_YORK = ["America/Chicago"], ["America/New_York"]
ALL = [entry for pack in packs.packs().values() for entry in pack.entries]

GOOD = """
name = "France"
country = "FR"
version = "2026-01-01"
[[entry]]
id = "hours"
place = "FR"
purposes = ["marketing"]
hours = { daily = ["08:00-20:00"] }
source = "a law"
as_of = 2026-01-01
verified = true
"""


def marketing(places: str, on: date = TODAY, off: frozenset[str] = frozenset()) -> packs.Holding:
    return packs.holding(places, "marketing", on, off)


def test_all_packs_are_there_and_each_entry_has_a_source_and_a_date() -> None:
    assert set(packs.packs()) == {"au", "ca", "de", "fr", "gb", "in", "us"}
    for entry in ALL:
        assert entry.source
        assert entry.as_of <= TODAY
        assert entry.enforced or entry.note
        assert entry.in_words().startswith(entry.title)
    assert {pack.version for pack in packs.packs().values()} == set(packs.versions().values())
    assert not all(entry.verified for entry in ALL)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("verified = true", "", "fr.toml, entry hours lacks verified."),
        ('source = "a law"', "", "fr.toml, entry hours lacks source."),
        ('source = "a law"', 'source = " "', "source and purposes must not be empty"),
        ('["marketing"]', "[]", "source and purposes must not be empty"),
        ('["marketing"]', '["debt"]', "'debt' is not a valid Purpose"),
        ('place = "FR"', 'place = "US"', "the place “US” is not in FR"),
        ('place = "FR"', 'place = "FR-X"', "the place “FR-X” is not known"),
        ("as_of = 2026-01-01", 'as_of = "2026-01-01"', "as_of must be of the type date"),
        ("as_of", "hats = 1\nas_of", "has unknown keys: hats"),
        ('daily = ["08:00-20:00"]', 'mon = ["08:00-20:00"]', "the hours of tue, wed, thu"),
        ('daily = ["08:00-20:00"]', "daily = [], sun = []", "sun has its hours twice"),
        ('daily = ["08:00-20:00"]', "mondays = []", "“mondays” is not a day"),
        ("08:00-20:00", "20:00-08:00", "must open before it closes"),
        ("08:00-20:00", "eight", "a window is written as in 08:00-20:00"),
        ('hours = { daily = ["08:00-20:00"] }', "", "needs hours, caps, or consent"),
        ("as_of", "enforced = false\nas_of", "needs a note"),
        ("as_of", "caps = { attempts_24h = 0 }\nas_of", "attempts_24h must be a whole number"),
        ("as_of", 'consent = "spoken"\nas_of', "“spoken” is not a kind of consent"),
        ('name = "France"', "name = 1", "fr.toml: name must be of the type str"),
        ('name = "France"', "name =", "fr.toml is not valid TOML"),
    ],
)
def test_a_file_that_is_not_well_formed_is_refused_with_file_and_entry(
    old: str, new: str, message: str
) -> None:
    assert entries.read("fr", GOOD).version == "2026-01-01"
    assert old in GOOD
    with pytest.raises(entries.RulesInvalid, match=r"^fr\.toml") as refused:
        entries.read("fr", GOOD.replace(old, new, 1))
    assert message in str(refused.value)


def test_two_entries_with_one_id_are_refused() -> None:
    twice = GOOD + GOOD[GOOD.index("[[entry]]") :]
    with pytest.raises(entries.RulesInvalid, match="two entries with the id “hours”"):
        entries.read("fr", twice)


def test_holidays_of_an_unknown_place_are_refused() -> None:
    with pytest.raises(ValueError, match="The holidays of US-XX are not known"):
        holidays_of("US-XX", 2026)


@pytest.mark.parametrize(
    ("places", "local", "zones", "is_open"),
    [
        ("US-FL", "2026-11-29T20:30-05:00", NEW_YORK, False),
        ("US-FL", "2026-11-29T10:00-05:00", NEW_YORK, True),
        ("US-GA", "2026-11-29T20:30-05:00", NEW_YORK, True),
        ("US-GA,US-FL", "2026-11-29T20:30-05:00", NEW_YORK, False),
        ("US-AL", "2026-11-29T12:00-06:00", CHICAGO, False),  # Sunday
        ("US-AL", "2026-11-28T12:00-06:00", CHICAGO, True),
        ("US-AL", "2026-07-03T12:00-05:00", CHICAGO, False),  # July 4 is a Saturday
        ("US-TX", "2026-11-29T11:59-06:00", CHICAGO, False),
        ("US-TX", "2026-11-29T12:00-06:00", CHICAGO, True),
        ("US-NE", "2026-11-29T12:59-06:00", CHICAGO, False),
        ("US-NE", "2026-11-29T13:00-06:00", CHICAGO, True),
        ("US-NE", "2026-12-25T12:00-06:00", CHICAGO, False),
        ("US", "2026-12-02T09:30-05:00", NEW_YORK, False),  # Kentucky
        ("US", "2026-12-02T10:30-05:00", NEW_YORK, True),
        ("FR", "2026-12-02T13:30+01:00", ["Europe/Paris"], False),
        ("FR", "2026-12-02T14:00+01:00", ["Europe/Paris"], True),
        ("FR", "2026-07-14T11:00+02:00", ["Europe/Paris"], False),
        ("IN", "2026-12-02T09:30+05:30", ["Asia/Kolkata"], False),
        ("AU", "2026-12-28T12:00+11:00", ["Australia/Sydney"], False),  # Boxing Day observed
        ("CA-ON", "2026-11-29T18:00-05:00", ["America/Toronto"], False),
        ("ES", "2026-11-29T03:00+01:00", ["Europe/Madrid"], True),  # no pack
    ],
)
def test_hours_are_those_of_all_possible_places(
    places: str, local: str, zones: list[str], is_open: bool
) -> None:
    verdict = marketing(places).hours.check(datetime.fromisoformat(local), zones)
    assert isinstance(verdict, Open if is_open else Closed)


def test_a_closed_holiday_is_named() -> None:
    why = marketing("US-AL").why_closed(datetime(2026, 12, 25, 16, tzinfo=UTC), CHICAGO)
    assert why == (
        "us 2026-11-27, Alabama: It is Christmas Day in Alabama; calls may not start on that day."
    )
    some = marketing("US-NE").why_closed(datetime(2026, 12, 25, 16, tzinfo=UTC), CHICAGO)
    assert some.endswith("It is Christmas Day in Nebraska; calls may only start 13:00–21:00.")


def test_holidays_of_the_next_year_are_known_before_it_begins() -> None:
    closed = marketing("US-AL", on=date(2026, 12, 31)).hours.check(
        datetime(2027, 1, 1, 3, tzinfo=UTC), CHICAGO
    )
    assert isinstance(closed, Closed)
    assert closed.opens_at == datetime(2027, 1, 2, 14, tzinfo=UTC)


def test_an_entry_holds_from_its_first_day_on() -> None:
    sunday = datetime(2026, 11, 29, 16, tzinfo=UTC)
    before, after = (
        marketing("US-PA", on=day).hours.check(sunday, NEW_YORK)
        for day in (date(2026, 10, 17), date(2026, 10, 18))
    )
    assert isinstance(before, Open)
    assert isinstance(after, Closed)
    assert packs.in_force(datetime(2026, 10, 17, 9, 59, tzinfo=UTC)) == date(2026, 10, 17)
    assert packs.in_force(datetime(2026, 10, 17, 10, tzinfo=UTC)) == date(2026, 10, 18)


def test_the_strictest_caps_of_all_places_hold() -> None:
    assert marketing("US-FL").caps.to_dict() == {"attempts_24h": 3, "skip": False}
    assert marketing("US-ME,US-FL").caps.limits.keys() == {"attempts_8h", "attempts_24h"}
    assert marketing("FR").caps.attempts_30d == 4
    assert marketing("US-GA").caps.limits == {}


def test_entries_hold_only_for_their_purposes() -> None:
    assert packs.holding("US-FL", "informational", TODAY).entries == ()
    assert packs.holding("US-FL", "emergency", TODAY).hours.is_unrestricted
    assert [one.at_least for one in packs.consent_demands("US-FL", "marketing", TODAY)] == [
        ConsentKind.EXPRESS_WRITTEN
    ]
    assert packs.consent_demands("FR", "marketing", date(2026, 8, 10)) == ()
    (french,) = packs.consent_demands("FR", "marketing", date(2026, 8, 11))
    assert french.said_by == "Rule pack fr 2026-11-27 (France)"


def test_switched_off_entries_and_packs_do_not_hold() -> None:
    assert marketing("US-FL", off=frozenset({"us"})).entries == ()
    without = marketing("US-FL", off=frozenset({"us/florida"}))
    assert {entry.key for entry in without.entries} == {"us/federal-hours", "us/federal-consent"}


def test_an_entry_that_only_informs_holds_nowhere() -> None:
    informing = {entry.key for entry in ALL if not entry.enforced}
    assert "us/federal-revoke-all" in informing
    later = date(2030, 1, 1)
    holding = [
        entry.key
        for purpose in ("marketing", "informational")
        for pack in packs.packs().values()
        for entry in packs.holding(pack.country, purpose, later).entries
    ]
    assert informing.isdisjoint(holding)


def test_purposes_keep_the_order_of_the_file() -> None:
    """A set has another order in each process, and so had the answers of the API."""
    federal = {entry.id: entry for entry in packs.packs()["us"].entries}
    assert federal["federal-revocation"].purposes == (Purpose.MARKETING, Purpose.INFORMATIONAL)
