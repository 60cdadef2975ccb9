"""When people may be called, by their own clocks."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.calling_hours import CallingHours, Closed, Open

NEW_YORK = "America/New_York"
LOS_ANGELES = "America/Los_Angeles"
LORD_HOWE = "Australia/Lord_Howe"
DAY = [["09:00", "20:00"]]
EVERY_DAY = {str(day): DAY for day in range(7)}
OFFICE = CallingHours.from_dict({"windows": EVERY_DAY})


def hours(windows: dict[str, Any], *blackout_dates: str) -> CallingHours:
    return CallingHours.from_dict({"windows": windows, "blackout_dates": list(blackout_dates)})


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def closed(verdict: Open | Closed) -> Closed:
    assert isinstance(verdict, Closed)
    return verdict


@pytest.mark.parametrize(
    ("local", "is_open"),
    [("08:59:59", False), ("09:00", True), ("19:59:59.999999", True), ("20:00", False)],
)
def test_calls_start_from_opening_until_just_before_closing_by_the_recipients_clock(
    local: str, is_open: bool
) -> None:
    now = at(f"2025-06-02T{local}", NEW_YORK)

    assert isinstance(OFFICE.check(now, [NEW_YORK]), Open) is is_open


def test_a_window_may_last_until_midnight_and_go_on_from_there() -> None:
    night = hours({"0": [["22:00", "24:00"]], "1": [["01:00", "2:00"], ["0:00", "01:00"]]})

    for moment in ("2025-06-02T23:59:59", "2025-06-03T00:00", "2025-06-03T01:59:59"):
        assert night.check(at(moment), ["UTC"]) == Open()
    assert closed(night.check(at("2025-06-03T02:00"), ["UTC"])).opens_at == at("2025-06-09T22:00")


def test_without_a_restriction_no_time_zone_need_be_known() -> None:
    assert CallingHours.always().is_unrestricted
    assert CallingHours.always().check(at("2025-06-02T03:00"), []) == Open()


@pytest.mark.parametrize(
    "restricted", [OFFICE, hours({str(d): [[0, 1440]] for d in range(7)}, "2030-01-01")]
)
def test_an_unknown_time_zone_with_any_restriction_fails_closed(restricted: CallingHours) -> None:
    verdict = closed(restricted.check(at("2025-06-02T15:00"), []))

    assert (verdict.reason, verdict.opens_at) == ("unknown_timezone", None)
    assert verdict.message.startswith(
        "The recipient's time zone is not known; add a postcode or timezone"
    )


NO_ZONES = "Mars/Olympus America ../etc/passwd /etc/localtime localtime Factory right/UTC"


@pytest.mark.parametrize("name", [*NO_ZONES.split(), "", "a\0b", "\ud800", "x" * 5000])
def test_a_name_that_is_no_time_zone_fails_closed_even_beside_a_known_one(name: str) -> None:
    verdict = closed(OFFICE.check(at("2025-06-02T15:00"), [NEW_YORK, name]))

    assert (verdict.reason, verdict.opens_at) == ("unknown_timezone", None)
    assert verdict.message.startswith(f"{name!r:.40} is not an IANA time zone; ")
    assert verdict.message.isprintable()  # so that any database can keep it


def test_all_possible_time_zones_must_be_open_at_once() -> None:
    zones = [NEW_YORK, LOS_ANGELES]

    early = closed(OFFICE.check(at("2025-06-02T10:00", NEW_YORK), zones))
    late = closed(OFFICE.check(at("2025-06-02T18:00", LOS_ANGELES), zones))

    assert OFFICE.check(at("2025-06-02T12:00", NEW_YORK), zones) == Open()
    assert early.opens_at == at("2025-06-02T09:00", LOS_ANGELES)
    assert late.opens_at == at("2025-06-03T09:00", LOS_ANGELES)
    assert early.message == (
        "It is Monday 2025-06-02 07:00 in America/Los_Angeles, one of 2 possible time zones; "
        "calls may start there on Mondays at 09:00 to 20:00."
    )


def test_the_sentence_names_clock_zone_and_hours() -> None:
    lunch = hours({"1": [["09:00", "12:00"], ["13:00", "24:00"]]})
    tuesday, wednesday = (
        closed(lunch.check(at(day, NEW_YORK), [NEW_YORK])).message
        for day in ("2025-06-03T12:30", "2025-06-04T12:30")
    )

    assert tuesday == (
        "It is Tuesday 2025-06-03 12:30 in America/New_York; "
        "calls may start there on Tuesdays at 09:00 to 12:00, 13:00 to 24:00."
    )
    assert wednesday.endswith("; no calls may start there on Wednesdays.")


def test_a_blackout_date_is_a_day_of_the_recipients_calendar() -> None:
    holiday = hours(EVERY_DAY, "2025-12-25")
    now = at("2025-12-25T19:00", NEW_YORK)

    assert holiday.check(now, ["Asia/Tokyo"]) == Open()  # the 26th is hours old there
    assert holiday.check(now, [NEW_YORK]) == Closed(
        "blackout_date",
        "It is Thursday 2025-12-25 19:00 in America/New_York, and that day is a blackout date.",
        at("2025-12-26T09:00", NEW_YORK),
    )


def test_the_next_opening_skips_closed_days_and_blackout_dates() -> None:
    weekdays = hours({str(day): DAY for day in range(5)}, "2025-12-25", "2025-12-26")
    verdict = closed(weekdays.check(at("2025-12-24T21:00", NEW_YORK), [NEW_YORK]))

    assert verdict.reason == "outside_calling_hours"
    assert verdict.opens_at == at("2025-12-29T09:00", NEW_YORK)


NEVER = "No call may start in America/New_York during the next 60 days."
NEVER_AT_ONCE = """During the next 60 days the number's 2 possible time zones are never open at \
once; add a postcode or timezone column."""


@pytest.mark.parametrize(
    ("never", "zones", "message"),
    [(hours({}), [NEW_YORK], NEVER), (OFFICE, [NEW_YORK, "Asia/Hong_Kong"], NEVER_AT_ONCE)],
)
def test_hours_that_never_come_are_said_to_be_in_vain(
    never: CallingHours, zones: list[str], message: str
) -> None:
    assert never.check(at("2025-06-02T03:00"), zones) == Closed("never_open", message, None)


@pytest.mark.parametrize(
    ("zone", "window", "now", "opens"),  # the latter in UTC
    [
        # 2025-03-09 02:00 became 03:00 in New York: half or all of the window never was.
        (NEW_YORK, ["02:30", "03:30"], "2025-03-09T05:00", "2025-03-09T07:00"),
        (NEW_YORK, ["02:00", "03:00"], "2025-03-09T05:00", "2025-03-10T06:00"),
        # 2025-11-02 02:00 became 01:00: the window comes twice.
        (NEW_YORK, ["01:00", "01:30"], "2025-11-02T05:30", "2025-11-02T06:00"),
        # Lord Howe Island moves by half an hour: 02:00 became 02:30 on 2025-10-05.
        (LORD_HOWE, ["02:00", "02:45"], "2025-10-04T14:00", "2025-10-04T15:30"),
        # Samoa had no 2011-12-30.
        ("Pacific/Apia", ["09:00", "20:00"], "2011-12-30T07:00", "2011-12-30T19:00"),
    ],
)
def test_the_next_opening_is_right_when_clocks_change(
    zone: str, window: list[str], now: str, opens: str
) -> None:
    daily = hours({str(day): [window] for day in range(7)})

    assert closed(daily.check(at(now), [zone])).opens_at == at(opens)


def naive_is_open(rule: CallingHours, instant: datetime, zones: list[str]) -> bool:
    """Read the wall clocks; the plainest statement of the rule."""
    return all(
        local.date() not in rule.blackout_dates
        and any(o <= local.hour * 60 + local.minute < c for o, c in rule.windows[local.weekday()])
        for local in (instant.astimezone(ZoneInfo(zone)) for zone in zones)
    )


WEEKENDS = """
2025-03-08 America/New_York
2025-11-01 America/New_York
2025-11-01 America/New_York America/Phoenix
2025-03-29 Europe/London Europe/Berlin
2025-10-25 Europe/London
2025-04-05 Australia/Lord_Howe
2025-10-04 Australia/Lord_Howe Australia/Sydney
2025-11-01 America/St_Johns America/Havana
2025-04-24 Africa/Cairo Asia/Kathmandu
2011-12-29 Pacific/Apia
"""


@pytest.mark.parametrize("weekend", WEEKENDS.strip().splitlines())
@pytest.mark.parametrize(
    "rule",
    [
        hours({str(day): [[60, 150], [155, 180], [600, 1440]] for day in range(7)}),
        hours({"5": [[0, 1440]], "6": [["00:00", "01:15"], ["02:10", "02:50"]]}, "2025-11-02"),
        hours({"4": [["09:00", "24:00"]], "6": [["00:00", "24:00"]], "0": [["01:59", "02:01"]]}),
    ],
)
def test_every_minute_of_a_weekend_of_clock_changes_agrees_with_the_wall_clocks(
    weekend: str, rule: CallingHours
) -> None:
    start, *zones = weekend.split()
    minutes = [at(start) + timedelta(minutes=n) for n in range(3 * 24 * 60)]
    is_open = [naive_is_open(rule, minute, zones) for minute in minutes]
    next_open: datetime | None = None
    for minute, expected in zip(reversed(minutes), reversed(is_open), strict=True):
        if expected:
            next_open = minute
        verdict = rule.check(minute, zones)
        assert isinstance(verdict, Open) is expected, minute
        if isinstance(verdict, Closed) and next_open is not None:
            assert verdict.opens_at == next_open, minute


spans = st.lists(st.integers(0, 1440), unique=True, max_size=6).map(
    lambda edges: tuple(zip(*[iter(sorted(edges[: len(edges) // 2 * 2]))] * 2, strict=True))
)
rules = st.builds(
    CallingHours,
    windows=st.tuples(*[spans] * 7),
    blackout_dates=st.frozensets(st.dates(date(2025, 1, 1), date(2026, 12, 31)), max_size=3),
)
ZONES = """America/New_York America/Los_Angeles America/St_Johns America/Sao_Paulo Europe/London
Africa/Casablanca Asia/Kolkata Australia/Lord_Howe Pacific/Auckland Pacific/Apia"""
zone_names = st.lists(st.sampled_from(ZONES.split()), min_size=1, max_size=4)
instants = st.integers(1735689600, 1798761600).map(lambda at: datetime.fromtimestamp(at, UTC))


@settings(max_examples=300, deadline=None)
@given(rule=rules, zones=zone_names, now=instants)
def test_at_its_opening_it_is_open_and_one_second_earlier_it_is_closed(
    rule: CallingHours, zones: list[str], now: datetime
) -> None:
    verdict = rule.check(now, zones)
    assert isinstance(verdict, Open) is (rule.is_unrestricted or naive_is_open(rule, now, zones))
    if isinstance(verdict, Closed) and verdict.opens_at is not None:
        assert verdict.opens_at > now
        assert verdict.opens_at.tzinfo is UTC
        assert isinstance(rule.check(verdict.opens_at, zones), Open)
        just_before = closed(rule.check(verdict.opens_at - timedelta(seconds=1), zones))
        assert just_before.opens_at == verdict.opens_at


@given(rule=rules)
def test_hours_survive_the_snapshot_of_a_batch(rule: CallingHours) -> None:
    assert CallingHours.from_dict(json.loads(json.dumps(rule.to_dict()))) == rule


def test_the_snapshot_holds_minutes_and_dates() -> None:
    assert hours({"6": [["10:00", "24:00"], [0, "9:30"]]}, "2025-12-25").to_dict() == {
        "windows": {**{day: [] for day in "012345"}, "6": [[0, 570], [600, 1440]]},
        "blackout_dates": ["2025-12-25"],
    }


SHAPE = "Calling hours are written as windows and blackout_dates."
WEEKDAYS = 'Windows are written by weekday, from "0" for Monday to "6".'
PAIRS = "Windows of a weekday are a list of pairs such as [540, 1200]."
TIME = "A window's time is minutes since midnight or as in 09:00, not"
REFUSED_DATA: list[tuple[Any, str]] = [
    (None, SHAPE),
    ({"windows": {}, "x": 1}, SHAPE),
    ({"windows": []}, WEEKDAYS),
    ({"windows": {"7": []}}, WEEKDAYS),
    ({"windows": {}, "blackout_dates": "2025-12-25"}, "Blackout dates are written as a list"),
    ({"windows": {}, "blackout_dates": ["25.12."]}, "as in 2025-12-25, not '25.12.'."),
    ({"windows": {}, "blackout_dates": [20251225]}, "as in 2025-12-25, not 20251225."),
]
REFUSED_SUNDAYS: list[tuple[Any, str]] = [
    (None, PAIRS),
    ([540], PAIRS),
    ([["25:00", 600]], f"{TIME} '25:00'."),
    ([[0, True]], f"{TIME} True."),
    ([["22:00", "02:00"]], "unlike 22:00 to 02:00; split it at midnight."),
    ([[540, 540]], "unlike 09:00 to 09:00; split it at midnight."),
    ([[540, 1441]], "unlike 09:00 to 24:01; split it at midnight."),
    ([[-60, 540]], "unlike -1:00 to 09:00; split it at midnight."),
    ([[600, 720], [540, 601]], "On Sunday windows overlap: 09:00 to 10:01, 10:00 to 12:00."),
]


@pytest.mark.parametrize(
    ("data", "message"),
    [*REFUSED_DATA, *(({"windows": {"6": day}}, why) for day, why in REFUSED_SUNDAYS)],
)
def test_contradictory_hours_are_refused_with_a_sentence(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        CallingHours.from_dict(data)


def test_mistakes_of_a_caller_are_refused() -> None:
    with pytest.raises(ValueError, match="seven weekdays"):
        CallingHours(windows=(((540, 1200),),))
    with pytest.raises(ValueError, match="UTC offset"):
        OFFICE.check(datetime(2025, 6, 2, 12), [NEW_YORK])  # noqa: DTZ001 - the mistake itself


def test_special_days_have_windows_of_their_own() -> None:
    holiday, day_off = date(2025, 6, 2), date(2025, 6, 3)
    hours = replace(OFFICE, special_days=frozenset({(holiday, ((780, 840),)), (day_off, ())}))
    assert isinstance(hours.check(at("2025-06-02T13:59", NEW_YORK), [NEW_YORK]), Open)
    early = closed(hours.check(at("2025-06-02T12:59", NEW_YORK), [NEW_YORK]))
    assert early.opens_at == at("2025-06-02T13:00", NEW_YORK)
    assert "calls may start there on that day at 13:00 to 14:00." in early.message
    shut = closed(hours.check(at("2025-06-03T13:00", NEW_YORK), [NEW_YORK]))
    assert "no calls may start there on that day." in shut.message
    assert shut.opens_at == at("2025-06-04T09:00", NEW_YORK)


def test_special_days_stay_special_when_hours_are_intersected() -> None:
    some = replace(
        CallingHours.always(), special_days=frozenset({(date(2025, 6, 2), ((600, 900),))})
    )
    blackout = replace(CallingHours.always(), blackout_dates=frozenset({date(2025, 6, 3)}))
    both = some.intersected(OFFICE).intersected(blackout)
    assert both.on(date(2025, 6, 2)) == ((600, 900),)
    assert both.on(date(2025, 6, 3)) == ()
    assert both.on(date(2025, 6, 9)) == ((540, 1200),)
    assert not some.is_unrestricted
