"""Find every phone number in a text that says whom not to call.

This is the opposite of `e164`: where that module refuses a number that may be another one, this one
returns every number that may be meant, because blocking one too many hurts nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import phonenumbers
from phonenumbers import Leniency, NumberParseException, PhoneNumber, PhoneNumberMatcher

from campaigns import e164, hashed_numbers
from campaigns.number_writing import AS_READ_ALONE, Writing

_DIGEST: Final = hashed_numbers.DIGEST
_LONGEST_TEXT: Final = 2_000
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_PLAIN: Final = re.compile(r"\+?[0-9]{7,15}")  # the common case, which skips the search
_SCIENTIFIC: Final = re.compile(r"\d[.,]?\d*E\+?\d+", re.IGNORECASE)
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_QUOTED_CHARACTERS: Final = 40
#: A run of digits as people group them.
_RUN: Final = re.compile(r"\+?\(?\d(?:[ ().\-\u2010-\u2015]*\d)+")
#: An area code in a cell of its own, and the number that belongs behind it.
_AREA: Final = re.compile(r"\s*\(?(\+?\d{1,5})\)?\s*")
_LOCAL: Final = re.compile(r"\s*\d(?:[ .\-]?\d){4,8}\s*")
#: A number that is only written by its last digits (555 0123/24).
_SECOND_ENDING: Final = re.compile(r"/ *\d{1,6}\b")
#: Digits of a shortest number; fewer are an extension, a price, or a house number.
_FEWEST_DIGITS: Final = 7
#: Digits of a shortest number that may begin with a country code although it has no plus.
_FEWEST_WITH_COUNTRY_CODE: Final = 11
_DATE: Final = re.compile(r"(?<!\d)\d{1,4}([-./])\d{1,2}\1\d{1,4}(?!\d)")
#: A digest of another kind than SHA-256; its digits are no number.
_OTHER_DIGEST: Final = re.compile(r"\b(?=\w*[a-f])[0-9a-f]{32,}\b", re.IGNORECASE)
_VANITY: Final = re.compile(r"\+?[0-9][0-9A-Z ().\-]{6,20}")


@dataclass(frozen=True, slots=True)
class Found:
    """The numbers of a text, and the first part that looks like one and cannot be read.

    ``numbers`` are E.164, or entries of `hashed_numbers`. ``used`` are the positions of the cells
    that they come from.
    """

    numbers: tuple[str, ...] = ()
    unread: str = ""
    used: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a text, or a part of it, is not on the list: a stable code, and a sentence."""

    code: str
    message: str


def find(text: str, *, region: str, writing: Writing = AS_READ_ALONE) -> Found:
    """Find the numbers of a text; those without a country code belong to the region.

    ``writing`` says how the other numbers of the list are written.

    1. One plain number, which most cells are, or hashes of numbers.
    2. What libphonenumber finds in text: any punctuation, extensions, several numbers.
    3. Runs of digits that it passes over, such as those that begin with a bare country code.
    """
    if _PLAIN.fullmatch(text) and (numbers := dict.fromkeys(_readings(text, region, writing))):
        return Found(tuple(numbers))
    rest = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text[:_LONGEST_TEXT]))
    hashes = map(hashed_numbers.entry_of, (found[0] for found in _DIGEST.finditer(rest)))
    numbers_found: dict[str, None] = dict.fromkeys(hashes)
    rest = _DIGEST.sub(" ", rest)
    rest, others = _OTHER_DIGEST.subn(" ", rest)
    rest, lost = _SCIENTIFIC.subn(" ", rest)
    for match in list(PhoneNumberMatcher(rest, region, leniency=Leniency.VALID)):
        numbers_found.update(dict.fromkeys(_e164s(match.number)))
        if "+" not in match.raw_string and not match.number.extension:
            numbers_found.update(dict.fromkeys(_readings(match.raw_string, region, writing)))
        blank = " " * (match.end - match.start)
        rest = rest[: match.start] + blank + rest[match.end :]
    unread = text.strip() if lost or others or len(text) > _LONGEST_TEXT else ""
    for run in _RUN.finditer(_DATE.sub(" ", rest)):
        readings = list(_readings(run[0], region, writing))
        numbers_found.update(dict.fromkeys(readings))
        if not readings and _digits(run[0]) >= _FEWEST_DIGITS:
            unread = unread or run[0].strip()
    if numbers_found and (second := _SECOND_ENDING.search(rest)):
        unread = unread or second[0].strip()
    if not numbers_found and (vanity := _VANITY.fullmatch(text.strip().upper())):
        numbers_found.update(dict.fromkeys(_spelled(vanity[0], region)))
    return Found(tuple(numbers_found), unread)


def find_in_cells(cells: Sequence[str], *, region: str, writing: Writing = AS_READ_ALONE) -> Found:
    """Find the numbers of a row, also where the area code has a cell of its own."""
    numbers: dict[str, None] = {}
    used: set[int] = set()
    unread = unread_beside_number = before = ""
    for position, cell in enumerate(cells):
        if (area := _AREA.fullmatch(before)) and _LOCAL.fullmatch(cell):
            joined = find(area[1] + cell.strip(), region=region, writing=writing)
        else:
            joined = Found()
        found = joined if joined.numbers else find(cell, region=region, writing=writing)
        numbers.update(dict.fromkeys(found.numbers))
        if found.numbers:
            used |= {position - 1, position} if joined.numbers else {position}
            unread_beside_number = unread_beside_number or found.unread
        unread = unread or found.unread
        before = cell
    # Beside a number that was found, the digits of another cell are an order number or the like.
    return Found(tuple(numbers), unread_beside_number if numbers else unread, frozenset(used))


def together(parts: Sequence[Found]) -> Found:
    """Return the numbers of several texts as those of one."""
    numbers = dict.fromkeys(number for part in parts for number in part.numbers)
    return Found(tuple(numbers), next((part.unread for part in parts if part.unread), ""))


def why_unread(text: str, found: Found, *, region: str) -> Unread:
    """Return why not every number of a text could be read, and what to do."""
    quoted = (found.unread or text)[:_QUOTED_CHARACTERS].strip()
    if len(found.numbers) > 1 and not found.unread:
        return Unread("several_numbers", f"“{quoted}” has several numbers. Write one on each row.")
    if found.numbers:
        return Unread(
            "unread_number",
            f"“{quoted}” could not be read, the rest was. Write the whole number, such as "
            "+12025550123.",
        )
    problem = e164.parse(text, region=region)
    if isinstance(problem, e164.NumberProblem):
        return Unread(str(problem.code), problem.message)
    return Unread("not_a_number", f"No phone number was found in “{quoted}”.")


def _readings(run: str, region: str, writing: Writing) -> Iterator[str]:
    """Yield each number that a run of digits may be."""
    read = e164.readings(run, region=region, writing=writing)
    digits = re.sub(r"\D", "", run)
    if not isinstance(read, e164.NumberProblem):
        yield from (number.e164 for number in read)
        if "+" in run or writing.stated:
            return
    elif "+" in run:
        yield from _parsed("+" + digits.removeprefix("00"), None)
        return
    else:
        yield from _parsed(digits, region)
    if digits.startswith(("00", "011")):
        yield from _parsed("+" + digits.removeprefix("00").removeprefix("011"), None)
    elif len(digits) >= _FEWEST_WITH_COUNTRY_CODE:
        yield from _parsed("+" + digits, None)


def _spelled(text: str, region: str) -> Iterator[str]:
    """Yield the number of a text with letters for digits (1-800-FLOWERS)."""
    if _digits(text) >= 3 and not _SCIENTIFIC.fullmatch(text):
        yield from _parsed(text, region)


def _parsed(text: str, region: str | None) -> Iterator[str]:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return
    if phonenumbers.is_valid_number(number):
        yield from _e164s(number)


def _e164s(number: PhoneNumber) -> Iterator[str]:
    formatted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if _E164.fullmatch(formatted):
        yield formatted


def _digits(text: str) -> int:
    return sum(map(str.isdecimal, text))
