"""How one number may be written in texts and files, to find it and to take it out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import phonenumbers

from campaigns import pseudonyms, same_phone

ERASED: Final = "(erased)"
#: What may be between two digits of a number.
_BETWEEN: Final = r"[^0-9A-Za-z\n\"]{0,3}"
#: Shorter national numbers are found only with their country code: they may be anything.
_SHORTEST_NATIONAL: Final = 7


class Writings:
    """A number, in all the ways that it may be written. ``e164`` is as it is stored."""

    def __init__(self, e164: str) -> None:
        self.e164 = e164
        self.spellings = same_phone.spellings_of(e164)
        self.pseudonym = pseudonyms.pseudonym_of(e164)

    @cached_property
    def national_numbers(self) -> list[str]:
        """The digits after the country code, of each spelling."""
        return [_split(one)[1] for one in self.spellings]

    @cached_property
    def _exactly(self) -> re.Pattern[str]:
        forms = []
        for one in self.spellings:
            code, national = _split(one)
            digits = _BETWEEN.join(national)
            with_code = rf"(?:\+|%2[bB]|00|011)?{_BETWEEN.join(code)}{_BETWEEN}0?{_BETWEEN}{digits}"
            forms.append(with_code)
            if len(national) >= _SHORTEST_NATIONAL:
                forms.append(rf"\(?0?{digits}")
        return re.compile(rf"(?<!\d)(?:{'|'.join(forms)})(?!\d)")

    @cached_property
    def likely(self) -> str:
        """A regular expression for databases: every text with the number matches, and some others.

        It uses only what SQLite (Python), PostgreSQL, and bytes have in common.
        """
        return "|".join("[^0-9]{0,9}".join(one) for one in self.national_numbers)

    def are_in(self, value: Any) -> bool:
        """Return whether a text, or JSON-like data, has the number."""
        if isinstance(value, str):
            return bool(self._exactly.search(value))
        if isinstance(value, Mapping):
            return any(self.are_in(part) for pair in value.items() for part in pair)
        if isinstance(value, list | tuple):
            return any(map(self.are_in, value))
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return is_number and self.are_in(str(value))

    def is_all_of(self, text: str) -> bool:
        """Return whether a text is the number and nothing else, such as a cell of a list."""
        return bool(self._exactly.fullmatch(text.strip()))

    def without(self, value: Any) -> Any:
        """Return a text, or JSON-like data, in which the number is replaced."""
        if isinstance(value, str):
            return self._exactly.sub(ERASED, value)
        if isinstance(value, Mapping):
            return {self.without(name): self.without(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.without(part) for part in value]
        return ERASED if self.are_in(value) else value


def _split(e164: str) -> tuple[str, str]:
    """Return the country code and the national digits."""
    parsed = phonenumbers.parse(e164)
    code = str(parsed.country_code)
    return code, e164[1 + len(code) :]
