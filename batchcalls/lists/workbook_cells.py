"""The values of a workbook's cells, as the text that the cells show."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from math import isfinite
from typing import NamedTuple

from openpyxl.styles import numbers
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel, from_ISO8601

from batchcalls.lists.workbook_dates import DateFormat
from batchcalls.lists.workbook_formats import NumberFormat
from batchcalls.lists.workbook_package import MAX_STYLE_TAGS, Package, local_name
from batchcalls.lists.workbook_sheet import RawCell, shared_texts

MAX_TEXTS_BYTES = 100 << 20  # texts shared by cells are kept in memory

_ESCAPE = re.compile(r"_x((?!D[89A-F])[0-9A-F]{4})_", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,300}")


class _Format(NamedTuple):
    """How a cell shows numbers and dates."""

    number: NumberFormat
    date: DateFormat

    @classmethod
    def of(cls, code: str) -> _Format:
        return cls(NumberFormat(code), DateFormat(code))


_GENERAL = _Format.of("General")


class Cells:
    """Reads the values of a workbook's cells."""

    def __init__(self, package: Package) -> None:
        self._epoch = MAC_EPOCH if package.starts_in_1904 else WINDOWS_EPOCH
        self._texts: list[str] = []
        self._formats: list[_Format] = []
        codes: dict[int, str] = dict(numbers.BUILTIN_FORMATS)
        if styles := package.related("styles"):
            known = cache(_Format.of)
            for section in package.tree(styles, max_tags=MAX_STYLE_TAGS):
                if local_name(section) == "numFmts":
                    codes |= {
                        int(one.attrib["numFmtId"]): one.get("formatCode", "") for one in section
                    }
                elif local_name(section) == "cellXfs":
                    ids = [int(one.get("numFmtId") or 0) for one in section]
                    self._formats = [known(codes.get(one, "General")) for one in ids]
        if texts := package.related("sharedStrings"):
            package.check_size(texts, MAX_TEXTS_BYTES, "the texts of its cells")
            self._texts = list(map(_unescape, shared_texts(package, texts)))

    def read(self, cell: RawCell) -> tuple[str, str]:
        """Return the text of a cell and its problem code, if any; may raise _BROKEN."""
        _, kind, style, value, inline, has_formula = cell
        text, code = "", ""
        if kind == "s" and value:
            if (place := int(value)) < 0:
                raise ValueError("Python would count it from the end.")
            text = self._texts[place]
        elif kind == "inlineStr":
            text = _unescape(inline)
        elif kind != "str" and not value.strip():
            # A formula whose result is an empty string has kind "str".
            code = "formula_without_result" if has_formula else ""
        elif kind == "str":
            text = _unescape(value)
        elif kind == "e":
            text, code = value, "error_cell"
        elif kind == "b":
            text = "true" if value.strip() in {"1", "true"} else "false"
        else:
            place = int(style or 0)
            form = self._formats[place] if place < len(self._formats) else _GENERAL
            if kind == "d":
                text = form.date.show(from_ISO8601(value.strip()))
            else:
                text, code = self._number(value.strip(), form)
        return text, code

    def _number(self, text: str, form: _Format) -> tuple[str, str]:
        if form.number.is_plain and text.isdecimal() and text.isascii() and text[0] != "0":
            return text, ""
        value = int(text) if _WHOLE_NUMBER.fullmatch(text) else float(text)
        if not isfinite(value):
            return "#NUM!", "error_cell"
        if form.date.is_date:
            try:
                moment = from_excel(value, self._epoch, timedelta=form.date.is_duration)
            except (OverflowError, ValueError):  # a spreadsheet shows such a date as #####
                return "#VALUE!", "error_cell"
            return form.date.show(moment), ""
        # Use the shortest digits for this number; for 1e22 and the like, int would add digits.
        plain = format(Decimal(repr(value or 0)), "f").removesuffix(".0")
        return (plain if form.number.is_plain else form.number.show(plain)), ""


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
