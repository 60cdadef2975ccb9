"""The values of a workbook's cells, as the text that a person would expect in CSV."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import NamedTuple
from xml.etree.ElementTree import Element

from openpyxl.styles import numbers
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel, from_ISO8601

from batchcalls.lists.workbook_package import Package, local_name

MAX_TEXTS_BYTES = 100 << 20  # texts shared by cells are kept in memory

_ESCAPE = re.compile(r"_x((?!D[89A-F])[0-9A-F]{4})_", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,300}")


class _Format(NamedTuple):
    """How a number format displays a number."""

    is_date: bool
    is_duration: bool
    has_time: bool
    digits: int

    @classmethod
    def of(cls, code: str) -> _Format:
        drawn = re.sub(r"[\\_*].", "", numbers.STRIP_RE.sub("", code.partition(";")[0]))
        return cls(
            numbers.is_date_format(code),
            numbers.is_timedelta_format(code),
            bool(re.search("[hs]", drawn, re.IGNORECASE)),
            len(code) if code.strip("0") == "" else 0,
        )


_GENERAL = _Format.of("General")


class Cells:
    """Reads the values of a workbook's cells."""

    def __init__(self, package: Package) -> None:
        self._epoch = MAC_EPOCH if package.starts_in_1904 else WINDOWS_EPOCH
        self._texts: list[str] = []
        self._formats: list[_Format] = []
        codes: dict[int, str] = dict(numbers.BUILTIN_FORMATS)
        if styles := package.related("styles"):
            for section, element in package.items(styles, until="cellXfs"):
                if section == "numFmts":
                    codes[int(element.attrib["numFmtId"])] = element.get("formatCode", "")
                elif section == "cellXfs":
                    number = int(element.get("numFmtId") or 0)
                    self._formats.append(_Format.of(codes.get(number, "General")))
        if texts := package.related("sharedStrings"):
            package.check_size(texts, MAX_TEXTS_BYTES, "the texts of its cells")
            items = package.items(texts, until="sst", depth=2)
            self._texts = [_text_in(element) for _, element in items]

    def read(self, cell: Element) -> tuple[str, str]:
        """Return the text of a cell and its problem code, if any; may raise _BROKEN."""
        parts = {local_name(child): child for child in cell}
        kind = cell.get("t", "n")
        value = (parts["v"].text or "") if "v" in parts else ""
        text, code = "", ""
        if kind == "inlineStr":
            text = _text_in(parts["is"]) if "is" in parts else ""
        elif kind != "str" and not value.strip():
            # A formula whose result is an empty string has kind "str".
            code = "formula_without_result" if "f" in parts else ""
        elif kind == "str":
            text = _unescape(value)
        elif kind == "e":
            text, code = value, "error_cell"
        elif kind == "s":
            if (place := int(value)) < 0:
                raise ValueError("Python would count it from the end.")
            text = self._texts[place]
        elif kind == "b":
            text = "true" if value.strip() in {"1", "true"} else "false"
        else:
            style = int(cell.get("s") or 0)
            form = self._formats[style] if style < len(self._formats) else _GENERAL
            if kind == "d":
                text = _moment(from_ISO8601(value.strip()), form)
            else:
                text, code = self._number(value.strip(), form)
        return text, code

    def _number(self, text: str, form: _Format) -> tuple[str, str]:
        value = int(text) if _WHOLE_NUMBER.fullmatch(text) else float(text)
        if not isfinite(value):
            return "#NUM!", "error_cell"
        if form.is_date:
            try:
                moment = from_excel(value, self._epoch, timedelta=form.is_duration)
            except (OverflowError, ValueError):  # a spreadsheet shows such a date as #####
                return "#VALUE!", "error_cell"
            return _moment(moment, form), ""
        if value == int(value) and form.digits:
            return f"{int(value):0{form.digits + (value < 0)}}", ""
        # Use the shortest digits for this number; for 1e22 and the like, int would add digits.
        return format(Decimal(repr(value or 0)), "f").removesuffix(".0"), ""


def _text_in(element: Element) -> str:
    """Join the texts of a string's runs, without pronunciation hints (rPh)."""
    runs = [element, *(child for child in element if local_name(child) == "r")]
    return _unescape("".join(t.text or "" for run in runs for t in run if local_name(t) == "t"))


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _moment(moment: date | time | timedelta | None, form: _Format) -> str:
    if isinstance(moment, timedelta):
        minutes, seconds = divmod(round(abs(moment).total_seconds()), 60)
        sign = "-" if moment < timedelta() else ""
        return f"{sign}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(moment, datetime) and not form.has_time and moment.time() == time():
        return moment.date().isoformat()
    return moment.isoformat() if moment else ""
