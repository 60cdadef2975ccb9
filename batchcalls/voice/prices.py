"""What calls cost: computed after a call, and the most that a call can cost before it is placed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

#: No charge is below a thousandth of a cent.
STEP = Decimal("0.00001")
#: A price at or above this is a provider's mistake, and more than a column can store.
TOO_HIGH = Decimal(1_000_000)
MINUTE = 60
CENT = Decimal("0.01")
#: Currencies that an American reader knows by their sign. Others are named by their code.
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "INR": "₹"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The prices of a voice account, in ``currency``.

    ``per_voicemail_minute`` is None if a voicemail costs what a person does. With
    ``whole_minutes``, each started minute is charged in full. ``overcharge`` is how many times
    these prices the provider charged at most: that much is reserved.
    """

    per_minute: Decimal = Decimal(0)
    per_voicemail_minute: Decimal | None = None
    per_attempt: Decimal = Decimal(0)
    whole_minutes: bool = False
    currency: str = "USD"
    overcharge: Decimal = Decimal(1)

    @property
    def are_set(self) -> bool:
        """False if calls cost nothing, as far as we know."""
        return bool(self.per_minute or self.per_voicemail_minute or self.per_attempt)

    def in_words(self) -> str:
        """Return the prices in a sentence."""
        voicemail = ""
        if self.per_voicemail_minute is not None:
            voicemail = f" ({rate(self.per_voicemail_minute, self.currency)} with a voicemail)"
        rounded = ", started minutes in full" * self.whole_minutes
        return (
            f"{rate(self.per_minute, self.currency)} a minute{voicemail}{rounded} and "
            f"{rate(self.per_attempt, self.currency)} for each attempt."
        )

    def cost(self, seconds: float, *, is_voicemail: bool = False) -> Decimal:
        """Return what a call with this many connected seconds costs."""
        per_minute = self.per_minute
        if is_voicemail and self.per_voicemail_minute is not None:
            per_minute = self.per_voicemail_minute
        return self._total(per_minute, seconds).quantize(STEP, ROUND_HALF_UP)

    def most(self, longest_seconds: float) -> Decimal:
        """Return the most that a call can cost that lasts at most so long."""
        most = self._total(self._highest_per_minute, longest_seconds) * self.overcharge
        return most.quantize(STEP, ROUND_UP)

    def times_charged(self, price: Decimal, currency: str, seconds: float) -> Decimal:
        """Return how many times these prices a provider charged for a call, or 1 if not more.

        However the provider rounds: every started minute may be charged in full, and one at least.
        """
        minutes = max(Decimal(1), (Decimal(str(seconds)) / MINUTE).to_integral_value(ROUND_UP))
        expected = self.per_attempt + self._highest_per_minute * minutes
        if currency != self.currency or not expected or price <= expected:
            return Decimal(1)
        return (price / expected).quantize(CENT, ROUND_UP)

    @property
    def _highest_per_minute(self) -> Decimal:
        return max(self.per_minute, self.per_voicemail_minute or Decimal(0))

    def _total(self, per_minute: Decimal, seconds: float) -> Decimal:
        minutes = Decimal(str(seconds)) / MINUTE
        if self.whole_minutes:
            minutes = minutes.to_integral_value(ROUND_UP)
        return self.per_attempt + per_minute * minutes

    def settled(
        self,
        price: Decimal | None,
        currency: str,
        *,
        seconds: float | None,
        is_voicemail: bool = False,
    ) -> Decimal | None:
        """Return what an ended call costs: the provider's price if it can be used, else computed.

        A price in another currency, or of 0 for a conversation, cannot be used. ``seconds`` is
        None if the length is not known. Without length and price, return None.
        """
        if price is not None and currency == self.currency and (price > 0 or seconds == 0):
            return price
        return None if seconds is None else self.cost(seconds, is_voicemail=is_voicemail)


def usable(price: Decimal | None) -> Decimal | None:
    """Return a reported price; None if it cannot be one: negative, not a number, or absurd."""
    if price is None or not price.is_finite() or not 0 <= price < TOO_HIGH:
        return None
    return price


def money(amount: Decimal, currency: str = "", *, rounding: str = ROUND_HALF_UP) -> str:
    """Format an amount with separators and two decimals, such as $1,234.50 or CHF 12.00.

    A nonzero amount below a cent keeps its digits, because it is not nothing.
    """
    if 0 < abs(amount) < CENT:
        return rate(amount, currency)
    return _signed(amount.quantize(CENT, rounding), currency)


def at_most(amount: Decimal, currency: str = "") -> str:
    """Format an amount that counts against a budget, rounded up."""
    return money(amount, currency, rounding=ROUND_UP)


def money_range(least: Decimal, most: Decimal, currency: str = "") -> str:
    """Format the bounds of an estimate, such as $0.08–$0.38."""
    first, last = at_most(least, currency), at_most(most, currency)
    return first if first == last else f"{first}–{last}"


def rate(price: Decimal, currency: str = "") -> str:
    """Format a price per unit with all of its digits, and at least two: $0.12 or $0.015."""
    rounded = price.quantize(CENT)
    return _signed(rounded if rounded == price else price.normalize(), currency)


def _signed(amount: Decimal, currency: str) -> str:
    sign = SIGNS.get(currency) or f"{currency}\N{NO-BREAK SPACE}" * bool(currency)
    return f"{'-' * (amount < 0)}{sign}{abs(amount):,f}"
