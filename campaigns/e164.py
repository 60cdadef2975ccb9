"""Turn what people type into E.164 numbers, or explain in one sentence why that is impossible.

An ambiguous number is refused, never guessed: a wrong guess would call a stranger.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType, ValidationResult
from phonenumbers import shortnumberinfo as short_numbers
from phonenumbers import timezone as number_zones


class NumberKind(StrEnum):
    """The type of a valid number. Source: PhoneNumberType of libphonenumber."""

    FIXED_LINE = "fixed_line"
    MOBILE = "mobile"
    FIXED_LINE_OR_MOBILE = "fixed_line_or_mobile"
    VOIP = "voip"
    TOLL_FREE = "toll_free"
    PERSONAL_NUMBER = "personal_number"
    UAN = "uan"
    PREMIUM_RATE = "premium_rate"
    SHARED_COST = "shared_cost"
    PAGER = "pager"
    VOICEMAIL = "voicemail"


_CHECK: Final = "check the digits, or write it with + and the country code."
_NEVER_CALLED: Final = ", which is never called; use another number."


class NumberProblemCode(StrEnum):
    """Why a raw value is not dialed: a stable reason code, and the sentence shown to people."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> NumberProblemCode:
        """Create a member whose value is the code and that carries the sentence."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    BLANK_NUMBER = "blank_number", "The phone number is blank; fill in one such as +12025550123."
    SCIENTIFIC_NOTATION = (
        "scientific_notation",
        "Excel turned this number into scientific notation ({raw}); "
        "format the column as text and export again.",
    )
    HAS_EXTENSION = "has_extension", '"{raw}" has an extension; give a number without one.'
    HAS_LETTERS = "has_letters", '"{raw}" contains letters; write digits only.'
    SEVERAL_NUMBERS = "several_numbers", '"{raw}" looks like several numbers; keep one of them.'
    NOT_A_NUMBER = "not_a_number", '"{raw}" is not a phone number; write one such as +12025550123.'
    TOO_SHORT = "too_short", '"{raw}" is too short for {place}; ' + _CHECK
    TOO_LONG = "too_long", '"{raw}" is too long for {place}; ' + _CHECK
    INVALID_COUNTRY_CODE = (
        "invalid_country_code",
        '"{raw}" begins with no country code that exists; write it with + and the country code.',
    )
    INVALID_NUMBER = "invalid_number", '"{raw}" is not a valid number in {place}; ' + _CHECK
    PREMIUM_RATE = "premium_rate", '"{raw}" is a premium-rate number' + _NEVER_CALLED
    SHORT_NUMBER = "short_number", '"{raw}" is a short service number' + _NEVER_CALLED
    EMERGENCY_NUMBER = "emergency_number", '"{raw}" is an emergency number' + _NEVER_CALLED
    NOT_CALLABLE_TYPE = "not_callable_type", '"{raw}" is a {kind} number' + _NEVER_CALLED


@dataclass(frozen=True, slots=True)
class Number:
    """A valid number of a callable kind; region is "001" for numbers without a country (+800 …).

    ``time_zones`` are the IANA zones it may be in, as `time_zones` lists them.
    """

    e164: str
    region: str
    kind: NumberKind
    time_zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberProblem:
    """A stable code and one sentence that says what to change."""

    code: NumberProblemCode
    message: str


_Code = NumberProblemCode
_KINDS: Final = {getattr(PhoneNumberType, kind.name): kind for kind in NumberKind}
_REFUSED_KINDS: Final = {
    NumberKind.PREMIUM_RATE: _Code.PREMIUM_RATE,
    NumberKind.SHARED_COST: _Code.NOT_CALLABLE_TYPE,
    NumberKind.PAGER: _Code.NOT_CALLABLE_TYPE,
    NumberKind.VOICEMAIL: _Code.NOT_CALLABLE_TYPE,
}
_UNREADABLE: Final = {
    NumberParseException.INVALID_COUNTRY_CODE: _Code.INVALID_COUNTRY_CODE,
    NumberParseException.TOO_LONG: _Code.TOO_LONG,
}
_LENGTHS: Final = {
    ValidationResult.TOO_SHORT: _Code.TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: _Code.TOO_SHORT,
    ValidationResult.TOO_LONG: _Code.TOO_LONG,
}
_LONGEST_TEXT: Final = 250
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_PLAIN: Final = re.compile(r"\+?[0-9]{7,15}")  # the common case, which skips the checks below
_SCIENTIFIC: Final = re.compile(r"[+-]?\d+(?:[.,]\d*)?E[+-]?\d+", re.IGNORECASE)
_WHOLE_DECIMAL: Final = re.compile(r"\A(\+?\d{7,15})[.,]0{1,2}\Z")
# Amounts and dates: a birthday in the wrong column, 31.05.1987, is a valid Danish number.
_QUANTITY: Final = re.compile(
    r"\+?\d{7,}[.,]\d{1,2}|\d\d?([-/.])\d\d?\1(?:19|20)\d\d|(?:19|20)\d\d([-/.])\d\d?\2\d\d?"
)
_EXTENSION: Final = re.compile(
    r"\d[ ).]*(?:[;, ]*(?:ext|extn|extension|x|xtn|anexo|poste|доб)[.:= ]*#?|#+|,+)"
    r" ?\d{1,6}#?\Z",
    re.IGNORECASE,
)
_BETWEEN_NUMBERS: Final = re.compile(r"[/;,|&\n]|\b(?:or|and)\b|(?=\+)", re.IGNORECASE)
_DIALLABLE: Final = re.compile(r"[(\[ ]*\+?[ ()\[\]./-]*[0-9][0-9 ()\[\]./-]*")
_NOT_DIGITS: Final = re.compile(r"[^0-9]+")
_EMERGENCY_ABROAD: Final = frozenset({"112", "911", "999"})
# Full-width + / . ( ), minus, dots of lists, curly quotes, line ends; true dashes are category Pd.
_LOOKALIKES: Final = dict(
    zip(
        "\uff0b\uff0f\uff0e\uff08\uff09\u2212\u00b7\u2022\u2219\u30fb\u2018\u2019\u201c\u201d\t\n\r\v\f",
        "+/.()-....''\"\" \n\n\n\n",
        strict=True,
    )
)
_BY_CATEGORY: Final = {"Zs": " ", "Zl": "\n", "Zp": "\n", "Pd": "-", "Cf": "", "Cc": ""}


def is_region(code: str) -> bool:
    """Return whether `parse` accepts the code as a country, in capitals as in "US"."""
    return code in phonenumbers.SUPPORTED_REGIONS


def time_zones(e164: str) -> tuple[str, ...]:
    """List the IANA zones the number may be in, without Etc/Unknown; empty when none is known."""
    try:
        number = phonenumbers.parse(e164, None)
    except NumberParseException:
        return ()
    return _known(number_zones.time_zones_for_number(number))


def _zones_of(number: PhoneNumber, number_type: int) -> tuple[str, ...]:
    """Do the same as `time_zones` for a valid number whose type, slow to compute, is known."""
    if phonenumbers.is_number_type_geographical(number_type, number.country_code or 0):
        return _known(number_zones.time_zones_for_geographical_number(number))
    return _known(number_zones.time_zones_for_number(number))


def _known(zones: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(zone for zone in zones if zone != number_zones.UNKNOWN_TIMEZONE)


def national_number(e164: str) -> str:
    """Return the digits of a stored number without its country code; "" for no number."""
    return str(phonenumbers.parse(e164, None).national_number) if e164 else ""


def parse(raw: str, *, region: str) -> Number | NumberProblem:
    """Parse a raw value as a number of the region unless it has a country code.

    Region "ZZ" means no default: only numbers with a country code are accepted.

    1. Remove what spreadsheets and typography add; refuse text that is not one plain number.
    2. Parse it in the default region, then by its international prefix or bare country code.
    3. Refuse numbers outside every numbering plan and kinds that must not be called.

    Raises ValueError only for a region that is neither "ZZ" nor a country (see `is_region`), never
    because of the raw value.
    """
    if region not in phonenumbers.SUPPORTED_REGIONS and region != phonenumbers.UNKNOWN_REGION:
        raise ValueError(f'"{region}" is not a country code; use two capitals such as US.')
    text = raw
    if not _PLAIN.fullmatch(raw):
        text = _WHOLE_DECIMAL.sub(r"\1", _tidy(raw))
        if refused := next((code for code, applies in _REFUSALS if applies(text)), None):
            return _problem(refused, raw)
    digits = _NOT_DIGITS.sub("", text)
    if _is_emergency(digits, region):
        return _problem(_Code.EMERGENCY_NUMBER, raw)
    if "+" in text:
        return _read("+" + digits.removeprefix("00"), raw=raw)
    return _read_without_plus(digits, raw=raw, region=region)


def _read_without_plus(digits: str, *, raw: str, region: str) -> Number | NumberProblem:
    """Parse digits as a national number first, then by the country code they must begin with."""
    national = _read(digits, raw=raw, region=region)
    if isinstance(national, Number):
        return national
    # 011 dials abroad from North America; where 0 is the trunk prefix, area codes begin with it.
    if digits.startswith("011") and phonenumbers.ndd_prefix_for_region(region, True) != "0":
        return _read("+" + digits[3:], raw=raw)
    if digits.startswith("00"):
        return _read("+" + digits[2:], raw=raw)
    # A mistyped national number is often valid abroad, so only a length that no national
    # number has proves that the digits begin with a country code.
    if national.code is _Code.TOO_LONG:
        abroad = _read("+" + digits, raw=raw)
        if isinstance(abroad, Number) or abroad.code in _REFUSED_KINDS.values():
            return abroad
    return national


def _tidy(raw: str) -> str:
    """Make digits and punctuation ASCII; drop invisible characters, quotes, "=" and "tel:"."""
    text = raw if raw.isascii() and raw.isprintable() else "".join(map(_plain, raw))
    text = text.strip().removeprefix("=").strip("\"'` \n")
    if text[:4].lower() == "tel:":
        text = text[4:].lstrip("/ ")
    return text


def _plain(character: str) -> str:
    """Return the ASCII counterpart of one character, or the character itself."""
    if (mapped := _LOOKALIKES.get(character)) is not None:
        return mapped
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return _BY_CATEGORY.get(unicodedata.category(character), character)


def _is_several(text: str) -> bool:
    """Return whether the text holds two numbers, or one with a second ending (555 0123/24)."""
    parts = [_count_digits(part) for part in _BETWEEN_NUMBERS.split(text)]
    head, _, tail = text.rpartition("/")
    has_second_ending = _count_digits(head) >= 7 and 1 <= _count_digits(tail) <= 3
    if has_second_ending or sum(count >= 7 for count in parts) >= 2:
        return True
    # Two numbers separated only by spaces can be recognized only by being too long for one.
    words = [_count_digits(word) for word in text.split()]
    return sum(words) > 15 and sum(count >= 7 for count in words) >= 2


def _count_digits(text: str) -> int:
    """Count the decimal digits."""
    return sum(map(str.isdecimal, text))


def _is_worded(text: str) -> bool:
    """Return whether letters are among the digits: 1-800-FLOWERS, 202 555 0123 (home)."""
    return any(map(str.isalpha, text)) and _count_digits(text) >= 3


# The first check that applies, in this order, names the problem of a tidied text.
_REFUSALS: Final[tuple[tuple[NumberProblemCode, Callable[[str], object]], ...]] = (
    (_Code.BLANK_NUMBER, lambda text: not text),
    (_Code.NOT_A_NUMBER, lambda text: len(text) > _LONGEST_TEXT),
    (_Code.SCIENTIFIC_NOTATION, _SCIENTIFIC.fullmatch),
    (_Code.NOT_A_NUMBER, _QUANTITY.fullmatch),
    (_Code.SEVERAL_NUMBERS, _is_several),
    (_Code.HAS_EXTENSION, _EXTENSION.search),
    (_Code.HAS_LETTERS, _is_worded),
    (_Code.NOT_A_NUMBER, lambda text: not _DIALLABLE.fullmatch(text)),
)


def _read(digits: str, *, raw: str, region: str | None = None) -> Number | NumberProblem:
    """Return the number if the digits are valid and callable, else the problem."""
    place = f"region {region}" if region else "any country"
    try:
        number = phonenumbers.parse(digits, region)
    except NumberParseException as error:
        return _problem(_UNREADABLE.get(error.error_type, _Code.TOO_SHORT), raw, place=place)
    number_type = phonenumbers.number_type(number)
    kind = _KINDS.get(number_type)
    if kind is None:
        place = place if region else f"country code +{number.country_code}"
        return _problem(_why_invalid(number), raw, place=place)
    if code := _REFUSED_KINDS.get(kind):
        return _problem(code, raw, kind=kind)
    e164 = f"+{number.country_code}{phonenumbers.national_significant_number(number)}"
    country = phonenumbers.region_code_for_number(number)
    if country is None or _E164.fullmatch(e164) is None:
        return _problem(_Code.TOO_SHORT, raw, place=place)
    zones = _zones_of(number, number_type)
    return Number(e164=e164, region=country, kind=kind, time_zones=zones)


def _why_invalid(number: PhoneNumber) -> NumberProblemCode:
    """Return why a number that could be parsed is outside every numbering plan."""
    home = phonenumbers.region_code_for_country_code(number.country_code or 0)
    if _is_emergency(phonenumbers.national_significant_number(number), home):
        return _Code.EMERGENCY_NUMBER
    if short_numbers.is_valid_short_number(number):
        return _Code.SHORT_NUMBER
    return _LENGTHS.get(phonenumbers.is_possible_number_with_reason(number), _Code.INVALID_NUMBER)


def _is_emergency(digits: str, region: str) -> bool:
    """Return whether the digits reach an emergency service in the region or in most regions."""
    return len(digits) <= 6 and (  # the longest emergency numbers, in Niger
        digits in _EMERGENCY_ABROAD or short_numbers.is_emergency_number(digits, region)
    )


def _problem(
    code: NumberProblemCode, raw: str, *, place: str = "", kind: str = ""
) -> NumberProblem:
    """Build the problem for a code; its sentence quotes up to 40 characters of the raw value."""
    printable = (c if c.isprintable() else " " for c in raw[: 2 * _LONGEST_TEXT])
    quoted = " ".join("".join(printable).split())
    if len(quoted) > 40:
        quoted = quoted[:39].rstrip() + "…"
    message = code.sentence.format(raw=quoted, place=place, kind=kind.replace("_", "-"))
    return NumberProblem(code=code, message=message)
