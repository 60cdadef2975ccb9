"""Workbooks to read, by openpyxl or by hand, and what reading them gives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest

from batchcalls.lists.rows import Limits, Row
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.lists.workbook import open_workbook
from tests.lists.lists import DEFAULTS

NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER = '<row r="1"><c t="inlineStr"><is><t>phone</t></is></c><c t="str"><v>name</v></c></row>'
SHEET, TEXTS, STYLES, BOOK = (
    f"xl/{name}.xml" for name in ("worksheets/sheet1", "sharedStrings", "styles", "workbook")
)
LINKS = {  # as Excel writes them: with texts that cells share
    "xl/_rels/workbook.xml.rels": "<Relationships>"
    '<Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/>'
    '<Relationship Id="rId2" Type="http://x/styles" Target="/xl/styles.xml"/>'
    '<Relationship Id="rId3" Type="http://x/sharedStrings" Target="../xl/SharedStrings.xml"/>'
    "</Relationships>"
}


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def made(*rows: Sequence[Any], formats: dict[str, str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell, code in (formats or {}).items():
        book.active[cell].number_format = code
    return saved(book)


def with_parts(data: bytes, parts: dict[str, str | bytes | None]) -> bytes:
    """Replace, add or take out parts of a package."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def with_rows(rows: str, before: str = "", *, header: str = HEADER, namespace: str = NS) -> bytes:
    xml = (
        f'<worksheet xmlns="{namespace}">{before}<sheetData>{header}{rows}</sheetData></worksheet>'
    )
    return with_parts(made(["any"]), {SHEET: xml, TEXTS: "<sst><si><t>any</t></si></sst>", **LINKS})


def read(data: bytes, limits: Limits = DEFAULTS, sheet: str = "") -> tuple[list[str], list[Row]]:
    with open_workbook(io.BytesIO(data), sheet=sheet, limits=limits) as reader:
        return reader.header, list(reader)


def refusal(data: bytes, limits: Limits = DEFAULTS, sheet: str = "") -> UnreadableList:
    with pytest.raises(UnreadableList) as caught:
        read(data, limits, sheet)
    assert caught.value.message.endswith(".")
    return caught.value
