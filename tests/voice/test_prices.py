"""What a call costs, and the most that it can cost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchcalls.voice.prices import TOO_HIGH, Prices, money, money_range, rate, usable

PRICES = Prices(
    per_minute=Decimal("0.12"),
    per_voicemail_minute=Decimal("0.06"),
    per_attempt=Decimal("0.015"),
)
WHOLE = Prices(per_minute=Decimal("0.12"), per_attempt=Decimal("0.015"), whole_minutes=True)


@pytest.mark.parametrize(
    ("prices", "seconds", "is_voicemail", "cost"),
    [
        (PRICES, 0, False, "0.01500"),
        (PRICES, 61, False, "0.13700"),
        (PRICES, 61, True, "0.07600"),
        (WHOLE, 0, False, "0.01500"),
        (WHOLE, 60, False, "0.13500"),
        (WHOLE, 61, False, "0.25500"),
        # Without a price of their own, voicemails cost what answered calls do.
        (WHOLE, 61, True, "0.25500"),
    ],
)
def test_a_call_costs_its_attempt_and_its_minutes(
    prices: Prices, seconds: int, is_voicemail: bool, cost: str
) -> None:
    assert str(prices.cost(seconds, is_voicemail=is_voicemail)) == cost


amounts = st.decimals(0, 10, places=5)


@settings(max_examples=60)
@given(
    per_minute=amounts,
    per_voicemail_minute=amounts | st.none(),
    per_attempt=amounts,
    whole_minutes=st.booleans(),
    longest=st.integers(1, 7_200),
    data=st.data(),
)
def test_no_call_within_its_longest_time_costs_more_than_was_reserved(
    longest: int, data: st.DataObject, **prices: object
) -> None:
    priced = Prices(**prices)  # type: ignore[arg-type]
    seconds = data.draw(st.integers(0, longest))
    for is_voicemail in (False, True):
        assert priced.cost(seconds, is_voicemail=is_voicemail) <= priced.most(longest)


@pytest.mark.parametrize(
    ("price", "currency", "seconds", "settled"),
    [
        ("0.2", "USD", 60, "0.2"),
        # Longer or dearer than expected: the provider charges it all the same.
        ("99", "USD", 60, "99"),
        ("0", "USD", 0, "0"),
        ("0", "USD", 60, "0.13500"),
        ("0.2", "EUR", 60, "0.13500"),
        (None, "USD", 60, "0.13500"),
        (None, "USD", None, None),
    ],
)
def test_the_price_of_the_provider_counts_unless_it_cannot_be_one(
    price: str | None, currency: str, seconds: int | None, settled: str | None
) -> None:
    found = PRICES.settled(Decimal(price) if price else None, currency, seconds=seconds)
    assert (found if found is None else str(found)) == settled


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-Infinity", "-0.01", "1e9", str(TOO_HIGH)])
def test_an_absurd_price_is_not_kept(price: str) -> None:
    assert usable(Decimal(price)) is None


def test_money_has_its_sign_separators_and_two_decimals() -> None:
    assert money(Decimal("1234.5"), "USD") == "$1,234.50"
    assert money(Decimal("0.135"), "EUR") == "€0.14"
    assert money(Decimal(-5), "USD") == "-$5.00"
    assert money(Decimal("1234.5"), "CHF") == "CHF\N{NO-BREAK SPACE}1,234.50"
    assert money(Decimal(0)) == "0.00"


def test_less_than_a_cent_is_not_shown_as_nothing() -> None:
    assert money(Decimal("0.00420"), "USD") == "$0.0042"


def test_prices_per_minute_keep_all_their_digits() -> None:
    assert rate(Decimal("0.01500"), "USD") == "$0.015"
    assert rate(Decimal("0.1200"), "USD") == "$0.12"
    assert rate(Decimal(2), "USD") == "$2.00"


def test_an_estimate_shows_both_bounds_with_their_sign() -> None:
    assert money_range(Decimal("0.075"), Decimal("0.38"), "USD") == "$0.08–$0.38"
    assert money_range(Decimal("0.38"), Decimal("0.38"), "USD") == "$0.38"


@pytest.mark.parametrize(
    ("price", "seconds", "times"),
    [
        ("0.10", 61, "1"),
        ("0.20", 61, "1"),  # a started minute charged in full
        ("0.10", 3, "1"),
        ("0.15", 3, "1.50"),
        ("0.50", 120, "2.50"),
    ],
)
def test_a_price_is_compared_with_that_of_started_minutes(
    price: str, seconds: float, times: str
) -> None:
    prices = Prices(per_minute=Decimal("0.10"))
    assert prices.times_charged(Decimal(price), "USD", seconds) == Decimal(times)
    assert prices.times_charged(Decimal(price), "EUR", seconds) == 1
    assert Prices().times_charged(Decimal(price), "USD", seconds) == 1
