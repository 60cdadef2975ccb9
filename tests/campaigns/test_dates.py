"""Start times as spreadsheets export them: read as the instant they mean, or refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.call_settings import DateOrder, SettingInvalid, StartReading, possible_orders
from campaigns.call_settings.dates import EVERY_ORDER, readings

YEAR = 2026
Write = Callable[[datetime], str]


def written(date: str, time: str) -> Write:
    def write(at: datetime) -> str:
        hour = at.hour % 12 or 12
        parts = {
            "d": str(at.day), "dd": f"{at.day:02}", "m": str(at.month), "mm": f"{at.month:02}",
            "yy": f"{at:%y}", "yyyy": f"{at.year}", "mmm": f"{at:%b}", "mmmm": f"{at:%B}",
            "w": f"{at:%A}", "H": str(at.hour), "HH": f"{at.hour:02}", "M": f"{at.minute:02}",
            "h": str(hour), "half": f"{at:%p}",
        }  # fmt: skip
        return f"{date} {time}".format(**parts)

    return write


DATES = (
    *("{m}/{d}/{yyyy}", "{d}/{m}/{yyyy}", "{dd}/{mm}/{yyyy}", "{dd}.{mm}.{yyyy}", "{d}.{m}.{yy}"),
    *("{m}/{d}/{yy}", "{dd}/{mm}/{yy}", "{yy}/{mm}/{dd}", "{yyyy}-{mm}-{dd}", "{yyyy}/{m}/{d}"),
    *("{dd}-{mm}-{yyyy}", "{mm}-{dd}-{yyyy}", "{d}-{mmm}-{yy}", "{d} {mmmm} {yyyy}"),
    *("{mmm} {d}, {yyyy}", "{w}, {mmmm} {d}, {yyyy}"),
)
TIMES = ("{H}:{M}", "{HH}:{M}", "{HH}:{M}:00", "{h}:{M} {half}", "{h}:{M}\u202f{half}", "{H}.{M}")
FORMATS = [written(date, time) for date in DATES for time in TIMES]
#: Start times are near: nobody schedules calls for years ahead.
NEAR = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(second=0, microsecond=0)
)


@settings(max_examples=300)
@given(st.sampled_from(FORMATS), st.lists(NEAR, min_size=1, max_size=6))
def test_a_cell_is_read_as_the_instant_it_means_or_refused(
    write: Write, moments: list[datetime]
) -> None:
    column = [write(at) for at in moments]
    orders = possible_orders(column, year=YEAR)
    assert orders, column  # the order of the format itself is always among them
    order = next(iter(orders)) if len(orders) == 1 else ""
    reading = StartReading(order=order, zones=["Asia/Tokyo"], year=YEAR, is_of_row=True)
    for cell, at in zip(column, moments, strict=True):
        try:
            instant, source = reading.read(cell)
        except SettingInvalid:
            assert not order, "What the whole column decided is read."
            continue
        assert (instant, source) == (at.replace(tzinfo=ZoneInfo("Asia/Tokyo")), "number")


@settings(max_examples=200)
@given(st.text("0123456789/-.: APMTZ+UTC,janmrech", max_size=24))
def test_no_text_breaks_the_reader_and_what_is_read_is_read_alike_in_each_order(text: str) -> None:
    for order, meant in readings(text, year=YEAR).items():
        expected = meant.naive.replace(tzinfo=UTC) - (meant.offset or timedelta())
        assert StartReading(order=order, year=YEAR).read(text)[0] == expected


@pytest.mark.parametrize(
    ("column", "orders"),
    [
        (["03/04/2026 9:00", "31/01/2026 9:00"], {"dmy"}),
        (["03/04/2026 9:00", "1/31/2026 9:00"], {"mdy"}),
        (["03/04/2026 9:00", "", "soon", "2026-01-31 09:00"], {"dmy", "mdy"}),
        (["31/01/2026 9:00", "1/31/2026 9:00"], set()),
        (["26/01/31 9:00", "26/12/27 9:00"], {"dmy", "ymd"}),
        (["26/01/31 9:00", "26/12/40 9:00"], {"dmy"}),
        (["2026-01-31 09:00", ""], set(EVERY_ORDER)),
    ],
)
def test_the_order_is_decided_by_the_whole_column(column: list[str], orders: set[str]) -> None:
    assert possible_orders(column, year=YEAR) == orders


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("03/04/2026 9:00", "can be April 3, 2026 or March 4, 2026"),
        ("46053.375", "a date that the spreadsheet wrote as a number"),
        ("1/31/2026", "write date and time"),
        ("9:00", "write date and time"),
        ("1/31/2026 9:00 EST", "write date and time"),
        ("13/13/2026 9:00", "write date and time"),
        ("1/31/2026 13:00 PM", "write date and time"),
    ],
)
def test_what_has_no_single_meaning_is_refused_and_says_why(text: str, says: str) -> None:
    with pytest.raises(SettingInvalid, match=says):
        StartReading(year=YEAR).read(text)


def test_a_date_that_is_the_same_in_both_orders_is_read() -> None:
    instant, _ = StartReading(year=YEAR).read("05/05/2026 9:00")
    assert instant == datetime(2026, 5, 5, 9, tzinfo=UTC)


def test_a_date_that_contradicts_its_column_is_refused() -> None:
    with pytest.raises(SettingInvalid, match="day/month/year like the other start times"):
        StartReading(order=DateOrder.DMY, year=YEAR).read("1/31/2026 9:00")


@pytest.mark.parametrize(
    ("zones", "batch", "own", "hour", "source"),
    [
        (["America/New_York"], "Europe/London", "Asia/Tokyo", 0, "row"),
        (["America/New_York"], "Europe/London", None, 13, "number"),
        # Several zones with the same time are one.
        (["America/New_York", "America/Toronto"], "Europe/London", None, 13, "number"),
        (["America/New_York", "America/Chicago"], "Europe/London", None, 8, "batch"),
        ([], "Europe/London", None, 8, "batch"),
    ],
)
def test_a_time_without_offset_is_in_the_zone_of_row_number_or_batch(
    zones: list[str], batch: str, own: str | None, hour: int, source: str
) -> None:
    reading = StartReading(zones=zones, timezone=batch, year=YEAR, is_of_row=True)
    assert reading.read("2026-07-01 09:00", own_zone=own) == (
        datetime(2026, 7, 1, hour, tzinfo=UTC),
        source,
    )


def test_a_row_of_no_zone_is_refused_rather_than_called_by_utc() -> None:
    reading = StartReading(zones=["America/New_York", "America/Chicago"], is_of_row=True)
    with pytest.raises(SettingInvalid, match="has no time zone"):
        reading.read("2026-07-01 09:00")
    assert reading.read("2026-07-01 09:00 -04:00")[0] == datetime(2026, 7, 1, 13, tzinfo=UTC)
