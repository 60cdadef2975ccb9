"""Number formats of a workbook: numbers as the text that their cells show.

Long whole numbers without a text or a sign beside them stay bare digits: most are phone numbers,
which a format for amounts would spoil. Source: ECMA-376-1, 18.8.31 (numFmts).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal

_SECTIONS = re.compile(r'"[^"]*"?|\\.|\[[^\]]*\]|(?P<end>;)|.', re.DOTALL)
_TOKENS = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|(?P<space>_.)|\*.'
    r"|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[[^\]]*\]"
    r"|(?P<exact>General|[0#?.]*(?:E[+-]|\s*/)[0-9#?]*|@)|(?P<digit>[0#?])"
    r"|(?P<point>\.)|(?P<comma>,)|(?P<text>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"\[([<>=]{1,2})(-?[0-9]+(?:\.[0-9]+)?)\]")
_TESTS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
#: From this many digits on, a whole number is taken for a phone number or an ID.
_LONG = 7
#: Enough for any number of a workbook, and for any format.
_EXACT = Context(prec=700)
_MOST_DECIMALS = 30
_THOUSANDS = re.compile(r"(?<=\d)(?=(?:\d{3})+$)")


class NumberFormat:
    """How a number format shows numbers."""

    def __init__(self, code: str) -> None:
        texts = [""]
        for token in _SECTIONS.finditer(code):
            if token["end"]:
                texts.append("")
            else:
                texts[-1] += token[0]
        self._sections = [_Section(text) for text in texts[:3]]
        self.is_plain = code.strip().lower() in {"", "general", "@"}

    def show(self, plain: str) -> str:
        """Return a number, given as bare digits, as its cell shows it."""
        number = Decimal(plain)
        section, has_own_sign = self._section_for(number)
        sign = "-" if number < 0 and not has_own_sign else ""
        return section.show(abs(number), plain.removeprefix("-"), sign)

    def _section_for(self, number: Decimal) -> tuple[_Section, bool]:
        """Return the section for a number, and whether negative numbers have it to themselves."""
        for section in self._sections:
            if section.condition and section.condition(number):
                return section, False
        others = [section for section in self._sections if not section.condition]
        if len(others) < len(self._sections) or not others:
            return (others or self._sections)[0], False
        if number < 0 and len(others) > 1:
            return others[1], True
        return others[2] if not number and len(others) > 2 else others[0], False


class _Section:
    """A section of a format: texts, and places for the digits before and after the point."""

    def __init__(self, code: str) -> None:
        self.condition = _condition_in(code)
        self._parts: list[tuple[str, str]] = []
        self._is_exact = self._is_grouped = False
        self._scale, commas = Decimal(1), 0
        for token in _TOKENS.finditer(code):
            kind = token.lastgroup or "text"
            kinds = {one for one, _ in self._parts}
            if kind == "digit":
                self._is_grouped |= commas > 0 and "point" not in kinds
                commas = 0
                self._parts.append((kind, token[0]))
            elif kind == "comma" and "digit" in kinds:
                commas += 1
            elif kind == "point" and "point" not in kinds:
                self._parts.append((kind, "."))
            elif kind == "exact":
                self._is_exact = True
                self._parts.append(("digit", "0"))
            elif kind == "space":
                self._parts.append(("text", " "))
            elif token.lastgroup:
                self._scale *= 100 if token["text"] == "%" else 1
                self._parts.append(("text", token[kind]))
        self._scale /= Decimal(1000) ** commas
        kinds_in_order = [kind for kind, _ in self._parts]
        self._point = (
            kinds_in_order.index("point") if "point" in kinds_in_order else len(self._parts)
        )
        self._decimals = kinds_in_order[self._point :].count("digit")

    def show(self, number: Decimal, plain: str, sign: str) -> str:
        """Return the text of a number; ``plain`` are its bare digits, and ``sign`` is for them."""
        if self._is_exact or self._is_long(number):
            text = self._put_before(plain, is_exact=True)
            return " ".join(f"{sign}{text}".split())
        step = Decimal(1).scaleb(-min(self._decimals, _MOST_DECIMALS))
        rounded = _EXACT.multiply(number, self._scale).quantize(step, ROUND_HALF_UP, _EXACT)
        whole, _, decimals = f"{rounded:f}".partition(".")
        text = self._put_before(whole.lstrip("0"), is_exact=False) + self._put_after(decimals)
        return " ".join(f"{sign if rounded else ''}{text}".split())

    def _is_long(self, number: Decimal) -> bool:
        has_text = any(text.strip() for kind, text in self._parts if kind == "text")
        is_whole = number == number.to_integral_value() and number >= 10 ** (_LONG - 1)
        return is_whole and not has_text and self._scale == 1 and bool(self._parts)

    def _put_before(self, digits: str, *, is_exact: bool) -> str:
        """Put digits into the places before the point; the first one takes what is left over."""
        parts = self._parts[: self._point]
        places = [place for place, (kind, _) in enumerate(parts) if kind == "digit"]
        filled = dict.fromkeys(places, "")
        if is_exact or self._is_grouped:
            if not is_exact:
                digits = digits.rjust(sum(parts[place][1] == "0" for place in places), "0")
                digits = _THOUSANDS.sub(",", digits)
            filled |= dict.fromkeys(places[:1], digits)
        else:
            for place in reversed(places):
                own = digits if place == places[0] else digits[-1:]
                filled[place] = own or ("0" if parts[place][1] == "0" else "")
                digits = digits[:-1]
        return "".join(filled.get(place, text) for place, (_, text) in enumerate(parts))

    def _put_after(self, decimals: str) -> str:
        """Put decimals into the places after the point; only 0 shows zeros at the end."""
        shown, left, needed = "", decimals, decimals.rstrip("0")
        for kind, text in self._parts[self._point :]:
            if kind == "digit":
                shown += left[:1] if text == "0" or needed else ""
                left, needed = left[1:], needed[1:]
            else:
                shown += text
        return shown.removesuffix(".")


def _condition_in(code: str) -> Callable[[Decimal], bool] | None:
    found = _CONDITION.search(code)
    test, bound = (_TESTS.get(found[1]), Decimal(found[2])) if found else (None, Decimal(0))
    return (lambda number: test(number, bound)) if test else None
