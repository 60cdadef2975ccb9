"""How the numbers of a list are written, where it decides what their digits mean.

4915123456789 is a German mobile number with its country code, and also a number of the area code
4915 without one. The rest of the list tells them apart, or a person does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import Any, Final, Self

from phonenumbers import PhoneNumberType

from campaigns.number_text import bare_digits
from campaigns.numbering_plans import Reached, plan_of, reach_abroad, reach_at_home

#: Up to this share of rows that speak against a reading are taken for typing errors.
_NOISE: Final = 100
#: Rows that are needed before a list speaks for something: the row itself and another one.
_ENOUGH: Final = 2


class Written(StrEnum):
    """What a person says of the numbers of a list. Numbers with + or 00 are read the same way."""

    label: str

    def __new__(cls, value: str, label: str) -> Self:
        """Create a member whose value is the code and that carries the label."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    WITH_COUNTRY_CODE = "with_country_code", "With country code"
    NATIONAL = "national", "National, without country code"
    MIXED = "mixed", "Mixed: decide for each number"


class Choice(Enum):
    """Which of two readings of the same digits is right."""

    NATIONAL = auto()
    CODED = auto()
    AMBIGUOUS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the numbers of a list that are bare digits say about the way they are written.

    ``codes`` counts the rows that only a country code explains, by that code, and those that it
    turns into a mobile number. ``national`` counts the rows that only a national number explains,
    ``alike`` those of them that begin with the home country's code.
    """

    codes: Mapping[str, int] = field(default_factory=dict)
    national: int = 0
    alike: int = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Self:
        """Read the output of `to_dict`; no evidence for None."""
        return cls(**data) if data else cls()

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON."""
        return {"codes": dict(self.codes), "national": self.national, "alike": self.alike}

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(
            codes=Counter(self.codes) + Counter(other.codes),
            national=self.national + other.national,
            alike=self.alike + other.alike,
        )

    @property
    def is_coded(self) -> bool:
        """Whether the numbers of the list begin with a country code."""
        coded = sum(self.codes.values())
        return coded >= _ENOUGH and self._against_codes(coded) * _NOISE <= coded

    def speaks_for(self, code: str) -> bool:
        """Return whether other numbers of the list begin with the country code, without doubt."""
        return self.is_coded and self.codes.get(code, 0) > _ENOUGH

    def choose(self, *, national: Reached, coded: Reached, is_home: bool) -> Choice:
        """Choose between two readings of the same digits.

        ``is_home`` says that the country code is the one of the list's region. Other codes are
        considered only if some rows cannot be read without them.
        """
        if is_home:
            return self._choose_at_home(national, coded)
        count = self.codes.get(coded.code, 0)
        if self.is_coded:
            return Choice.CODED if count >= _ENOUGH else Choice.AMBIGUOUS
        is_noise = count < _ENOUGH or count * _NOISE < self.national + self.alike
        return Choice.NATIONAL if is_noise else Choice.AMBIGUOUS

    def _choose_at_home(self, national: Reached, coded: Reached) -> Choice:
        count = sum(self.codes.values())
        if self.is_coded:
            is_sure = self._against_codes(count) == 0 or _is_mobile_only(coded, national)
            return Choice.CODED if is_sure else Choice.AMBIGUOUS
        is_usual = self.alike >= _ENOUGH or _is_mobile_only(national, coded)
        if not count and self.national + self.alike >= _ENOUGH and is_usual:
            return Choice.NATIONAL
        return Choice.AMBIGUOUS

    def _against_codes(self, coded: int) -> int:
        # A number with its country code that lacks a digit looks like a national number.
        return self.national + max(0, self.alike - coded // 2)


_WRITTEN: Final = {str(written): written for written in Written}


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How the numbers of a list are written: as a person says, else as the list shows."""

    stated: Written | None = None
    evidence: Evidence = Evidence()

    @classmethod
    def of(cls, stated: str, evidence: Mapping[str, Any] | None) -> Self:
        """Return the writing of a list from its stored fields."""
        return cls(
            stated=_WRITTEN.get(stated),
            evidence=Evidence() if stated else Evidence.from_dict(evidence),
        )


#: Nothing is known but the number itself.
AS_READ_ALONE: Final = Writing()


def evidence_in(raw_numbers: Iterable[str], *, region: str) -> Evidence:
    """Count what the bare digits among raw values say about the way they are written."""
    codes: Counter[str] = Counter()
    national = alike = 0
    plan = plan_of(region)
    for raw in raw_numbers:
        digits = bare_digits(raw)
        if not digits:
            continue
        at_home, coded = reach_at_home(digits, region), reach_abroad(digits)
        begins_with_code = digits.startswith(plan.code)
        if at_home is None:
            if coded is not None:
                codes[coded.code] += 1
        elif coded is None:
            alike += begins_with_code
            # With a trunk prefix, as in 0151…, nobody would take a number for another.
            national += not begins_with_code and at_home.national == digits
        elif coded.code == plan.code:
            if coded.e164 == at_home.e164 or _is_mobile_only(coded, at_home):
                codes[coded.code] += 1
            elif _is_mobile_only(at_home, coded):
                national += 1
    return Evidence(codes=dict(codes), national=national, alike=alike)


def _is_mobile_only(one: Reached, other: Reached) -> bool:
    return one.type == PhoneNumberType.MOBILE != other.type
