"""Workbooks, written part by part as Excel writes them, so that every byte is known."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
#: What a cell's ``s`` means: 0 general, 1 a date, 2 a date and time, 3 five digits, 4 yellow.
_STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="00000"/>'
    '</numFmts><fonts count="1"><font/></fonts><fills count="3"><fill><patternFill '
    'patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill>'
    '<patternFill patternType="solid"><fgColor rgb="FFFFFF00"/></patternFill></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="5"><xf/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="22" applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/>'
    '<xf fillId="2" applyFill="1"/></cellXfs></styleSheet>'
)


class Xml(str):
    """A cell's attributes and content, as they stand in the sheet."""

    __slots__ = ()


Cell = str | int | float | bool | None
Sheets = Mapping[str, list[list[Cell]]]


def pack(parts: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_STORED) -> bytes:
    """Zip parts; stored ones come out byte for byte alike everywhere."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as package:
        for name, content in parts.items():
            member = zipfile.ZipInfo(name)
            member.compress_type, member.create_system = method, 0
            package.writestr(member, content)
    return out.getvalue()


def parts(sheets: Sheets, *, hidden: str = "", merged: str = "", after: str = "") -> dict[str, str]:
    """Return the parts of a workbook; ``after`` is XML that follows the first sheet's rows."""
    texts: list[str] = []
    found: dict[str, str] = {}
    for number, rows in enumerate(sheets.values(), 1):
        xml = "".join(_row(place, row, texts) for place, row in enumerate(rows, 1) if row)
        merge = f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
        found[f"xl/worksheets/sheet{number}.xml"] = (
            f'{_HEAD}<worksheet xmlns="{MAIN}"><sheetData>{xml}{after}</sheetData>{merge}'
            "</worksheet>"
        )
        after = ""
    items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
    names = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"'
        + (' state="hidden"/>' if name == hidden else "/>")
        for number, name in enumerate(sheets, 1)
    )
    links = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)]
    links += [("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")]
    overrides = "".join(
        f'<Override PartName="/xl/{path}" ContentType="{_TYPE}.{kind}+xml"/>'
        for kind, path in [("sheet.main", "workbook.xml"), *links]
    )
    return {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/'
        '2006/content-types"><Default Extension="rels" ContentType="application/vnd.'
        f'openxmlformats-package.relationships+xml"/>{overrides}</Types>',
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}">'
        f"<sheets>{names}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(links),
        "xl/styles.xml": _HEAD + _STYLES,
        "xl/sharedStrings.xml": f'{_HEAD}<sst xmlns="{MAIN}">{items}</sst>',
        **found,
    }


def _relations(links: list[tuple[str, str]]) -> str:
    items = "".join(
        f'<Relationship Id="rId{number}" Type="{DOCUMENT}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(links, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{RELATIONS}">{items}</Relationships>'


def _row(number: int, row: list[Cell], texts: list[str]) -> str:
    cells = "".join(
        _cell(f"{chr(65 + place)}{number}", value, texts) for place, value in enumerate(row)
    )
    return f'<row r="{number}">{cells}</row>'


def _cell(place: str, value: Cell, texts: list[str]) -> str:
    match value:
        case None:
            return ""
        case Xml():
            return f'<c r="{place}"{value}</c>'
        case bool():
            return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
        case str():
            if value not in texts:
                texts.append(value)
            return f'<c r="{place}" t="s"><v>{texts.index(value)}</v></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def book(rows: list[list[Cell]], **more: str) -> bytes:
    return pack(parts({"Sheet1": rows}, **more))


_HEADER: list[Cell] = ["phone_number", "name"]
_TWO: list[list[Cell]] = [_HEADER, ["+12025550190", "Ann"]]
_BOMB = parts({"Sheet1": _TWO})
_BOMB["xl/worksheets/sheet1.xml"] += " " * (12 << 20)

# fmt: off
WORKBOOKS: dict[str, tuple[str, bytes]] = {
    "numbers.xlsx": (
        "phone numbers that are numbers, and texts and numbers with leading zeros",
        book([
            ["phone_number", "name", "zip"],
            [12025550190, "number", "00501"],
            [12025550191.0, "decimal", 501],
            [Xml("><v>1.2025550192E10</v>"), "exponent", Xml(' s="3"><v>501</v>')],
            ["+12025550193", "text", "0"],
            [12025550194.5, "half", 0.5],
        ]),
    ),
    "dates_and_truths.xlsx": (
        "dates, times and truth values as a spreadsheet keeps them",
        book([
            ["phone_number", "day", "moment", "member"],
            ["+12025550190", Xml(' s="1"><v>46082</v>'), Xml(' s="2"><v>46082.5</v>'), True],
            ["+12025550191", 46082, Xml(' s="2"><v>46082</v>'), False],
            [Xml(' s="1"><v>46082</v>'), "2026-03-01", None, None],
        ]),
    ),
    "formulas.xlsx": (
        "formulas with a text, a number, nothing and an error as result, and without a result",
        book([
            _HEADER,
            [Xml(' t="str"><f>"+1"&amp;2025550190</f><v>+12025550190</v>'),
             Xml(' t="str"><f>PROPER("ann")</f><v>Ann</v>')],
            [Xml("><f>12025550190+1</f><v>12025550191</v>"), Xml(' t="str"><f>""</f><v></v>')],
            ["+12025550192", Xml(' t="e"><f>VLOOKUP(1,X:X,1)</f><v>#N/A</v>')],
            [Xml(' t="e"><v>#REF!</v>'), "Di"],
            ["+12025550194", Xml("><f>B2</f>")],
            ["=1+1", "=1+1"],
        ]),
    ),
    "formula_alone.xlsx": (
        "a row with nothing but a formula without a result",
        book([_HEADER, [Xml('><f>"+1"&amp;2025550190</f>')], ["+12025550191", "Bob"]]),
    ),
    "sheets.xlsx": (
        "a hidden first sheet, then two visible ones",
        pack(parts({
            "Notes": [["phone_number", "secret"], ["+12025550199", "hidden"]],
            "People": _TWO,
            "Old & gone": [["Phone", "name"], ["+12025550191", "Bob"]],
        }, hidden="Notes")),
    ),
    "formatted_rows.xlsx": (
        "rows and columns that have a color and nothing else, between and below the others",
        book([
            [*_HEADER, None, Xml(' s="4">')],
            ["+12025550190", "Ann", None, Xml(' s="4">')],
            [Xml(' s="4">'), Xml(' s="4">')],
            [],
            ["+12025550191", "Bob", None, " "],
            [" ", "", None],
        ], after="".join(f'<row r="{n}" s="4" customFormat="1"/>' for n in range(7, 60))),
    ),
    "title.xlsx": (
        "a title in merged cells above the header",
        book([["Customers of spring"], [], *_TWO], merged="A1:B1"),
    ),
    "merged_cells.xlsx": (
        "a name in a cell that is merged over two rows: only the upper one has it",
        book([*_TWO, ["+12025550191"]], merged="B2:B3"),
    ),
    "beyond_the_header.xlsx": (
        "a cell that is filled to the right of the header, and control characters",
        book([*_TWO, ["+12025550191", "Bob", None, "lost"], ["+12025550192", "C_x0007_y\u202e"]]),
    ),
    "no_rows.xlsx": ("a header and no rows", book([_HEADER])),
    "nothing.xlsx": ("a sheet without cells", book([])),
    # No workbooks that can be read ------------------------------------------------------------
    "legacy.xls": ("the signature of an old workbook, or of one with a password",
                   b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)),
    "opendocument.ods": (
        "an OpenDocument spreadsheet",
        pack({"mimetype": "application/vnd.oasis.opendocument.spreadsheet",
              "content.xml": "<office:document-content xmlns:office="
              '"urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>'}),
    ),
    "bomb.xlsx": ("a zip bomb: a sheet that grows to a thousand times its size",
                  pack(_BOMB, method=zipfile.ZIP_DEFLATED)),
    "broken.xlsx": ("a workbook of which the second half is missing", book(_TWO)[:1_500]),
    "letter.xlsx": ("a text document named .xlsx",
                    pack({"_rels/.rels": _relations([("officeDocument", "word/document.xml")]),
                          "word/_rels/document.xml.rels": _relations([]),
                          "word/document.xml": "<document><body>phone_number</body></document>"})),
}
# fmt: on
