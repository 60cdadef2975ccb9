"""What becomes of every file in ``tests/data/awkward``, row for row.

Written from what the person who uploads the file would expect, not from what the code does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

#: Row number, E.164 or "", reason code or "", variables.
Became = tuple[int, str, str, dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file, how it is asked to be read, and what becomes of it.

    ``read_as`` is encoding and delimiter, or the sheet. ``headers`` are those in the file.
    ``refused``: nothing is stored. ``failed``: found out while the rows are taken in. Both are
    the code, and a part of the sentence. ``more`` holds other fields of some rows.
    """

    file: str
    asked: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    read_as: str = "utf-8 ,"
    headers: list[str] = field(default_factory=list)
    rows: list[Became] = field(default_factory=list)
    more: dict[int, dict[str, Any]] = field(default_factory=dict)
    refused: tuple[str, str] = ("", "")
    failed: tuple[str, str] = ("", "")

    def __str__(self) -> str:
        how = (f"{name}={value}" for name, value in (self.asked | self.limits).items())
        return ", ".join([self.file, *how])


def number(ending: int) -> str:
    return f"+120255501{ending}"


def of(*rows: tuple[Any, ...]) -> list[Became]:
    """Write rows short: their number, 90 for +12025550190, a code if there is one, the name."""
    found: list[Became] = []
    for row, ending, *code, name in rows:
        data = name if isinstance(name, dict) else {"name": name}
        e164 = number(ending) if isinstance(ending, int) else ending
        found.append((row, e164, "".join(code), data))
    return found


NAMED = ["phone_number", "name"]
ZOE = of((2, 90, "Zoë"), (3, 91, "Bob"))
ANN = of((2, 90, "Ann"))
#: Headers alone give no such setting.
MAPPED = ["settings.max_duration=max_duration", "webhook=webhook"]

DELIMITERS_AND_LINE_ENDS = [
    Case(file="comma_lf.csv", headers=NAMED, rows=of((2, 90, "Ann"), (3, 91, "Bob"))),
    Case(
        file="tab_crlf.tsv",
        read_as="utf-8 \t",
        headers=[*NAMED, "note"],
        rows=of(
            (2, 90, {"name": "Smith, Ann", "note": "a;b|c"}),
            (3, 91, {"name": "Bob", "note": "1,5"}),
        ),
    ),
    Case(
        file="semicolon_decimal_commas.csv",
        read_as="utf-8 ;",
        headers=[*NAMED, "due, eur"],
        rows=of(
            (2, 90, {"name": "Ann", "due, eur": "3,50"}),
            (3, 91, {"name": "Doe, Bob", "due, eur": "4,00"}),
        ),
    ),
    Case(
        file="semicolon_decimal_commas.csv",
        asked={"delimiter": "comma"},
        refused=("no_phone_column", "Columns found: phone_number;name;due, eur"),
    ),
    Case(
        file="pipe_cr.txt",
        read_as="utf-8 |",
        headers=NAMED,
        rows=of((2, 90, "Ann"), (3, 91, "Bob, Jr.")),
    ),
    Case(
        file="mixed_line_ends.csv",
        headers=NAMED,
        rows=of((2, 90, "Ann"), (3, 91, "Bob"), (4, 92, "Cy")),
    ),
]

ENCODINGS = [
    Case(file="utf8_bom.csv", headers=NAMED, rows=ZOE),
    Case(
        file="utf8_bom.csv",
        asked={"encoding": "cp1252"},
        refused=("bad_encoding", "at byte 0 it says utf-8"),
    ),
    Case(file="utf16le_bom_tabs.txt", read_as="utf-16-le \t", headers=NAMED, rows=ZOE),
    Case(file="utf16be_bom.csv", read_as="utf-16-be ,", headers=NAMED, rows=ZOE),
    Case(file="utf16le_no_bom.csv", read_as="utf-16-le ,", headers=NAMED, rows=ZOE),
    Case(file="utf16be_no_bom.csv", read_as="utf-16-be ,", headers=NAMED, rows=ZOE),
    Case(
        file="utf16be_no_bom.csv",
        asked={"encoding": "UTF-16"},
        read_as="utf-16-be ,",
        headers=NAMED,
        rows=ZOE,
    ),
    Case(
        file="windows1252.csv",
        read_as="cp1252 ;",
        headers=[*NAMED, "fällig"],
        rows=of(
            (2, 90, {"name": "Jürgen Groß", "fällig": "12 €"}),
            (3, 91, {"name": "„Bob“ O’Neill", "fällig": "3 €"}),
        ),
    ),
    Case(file="dos_umlauts.csv", read_as="cp437 ,", headers=NAMED, rows=of((2, 90, "Jürgen"))),
    Case(
        file="dos_umlauts.csv",
        asked={"encoding": "cp850"},
        read_as="cp850 ,",
        headers=NAMED,
        rows=of((2, 90, "Jürgen")),
    ),
    Case(
        file="cyrillic_1251.csv",
        asked={"encoding": "windows-1251", "delimiter": ";"},
        read_as="cp1251 ;",
        headers=NAMED,
        rows=of((2, 90, "Иван")),
    ),
    *(
        Case(
            file="two_encodings.csv",
            asked=asked,
            headers=NAMED,
            rows=of((2, 90, "Zoë"), (3, "", "broken_character", "No�l")),
        )
        for asked in ({}, {"encoding": "utf-8"})
    ),
    Case(file="cyrillic_1251.csv", read_as="cp1251 ;", headers=NAMED, rows=of((2, 90, "Иван"))),
]

QUOTES_AND_SHAPES = [
    Case(
        file="quoted_cells.csv",
        headers=NAMED,
        rows=of(
            (2, 90, "Smith, Ann"),
            (3, 91, "two\nlines"),
            (4, 92, "a blank\n\nline"),
            (5, 93, 'say "hi"'),
            (6, 94, '"'),
            (7, 95, "last"),
        ),
    ),
    Case(
        file="quotes_inside.csv",
        headers=NAMED,
        rows=of(
            (2, 90, '5" pipe'),
            (3, 91, "Big Joe"),
            (4, "", "too_many_cells", '"Smith'),
            (5, 93, '"Di"'),
        ),
    ),
    Case(
        file="mismatched_quote.csv",
        headers=NAMED,
        rows=of(
            (2, 90, "Ann"),
            (3, "", "mismatched_quote", "Bob"),
            (4, "", "mismatched_quote", "Cy"),
            (5, 93, "Di"),
        ),
    ),
    Case(file="unclosed_quote.csv", refused=("unclosed_quote", "Row 3 opens a quote")),
    Case(
        file="unclosed_quote_late.csv",
        headers=NAMED,
        failed=("unclosed_quote", "Row 10 opens a quote"),
    ),
    Case(
        file="ragged.csv",
        headers=[*NAMED, "city"],
        rows=of(
            (2, 90, {"name": "Ann", "city": "Rome"}),
            (3, 91, {"name": "Bob", "city": ""}),
            (4, 92, {"name": "", "city": ""}),
            (5, "", "too_many_cells", {"name": "Di", "city": "Bonn"}),
            (6, 94, {"name": "Ed", "city": "Linz"}),
            (7, "", "too_many_cells", {"name": "Doe", "city": "Fay"}),
            (8, 96, {"name": "Gus", "city": "Graz"}),
        ),
    ),
    Case(
        file="only_beyond_the_header.csv",
        headers=NAMED,
        rows=of((2, 90, "Ann"), (3, "", "too_many_cells", ""), (4, 92, "Cy")),
    ),
    Case(
        file="nul_characters.csv",
        headers=NAMED,
        rows=of(
            (2, "", "nul_character", "A␀nn"),
            (3, "", "nul_character", "Bob"),
            (4, "", "nul_character", ""),
            (5, 92, "Cy"),
        ),
    ),
    Case(
        file="row_too_long.csv",
        asked={"column_options": ["note=ignore"]},
        limits={"MAX_ROW_CHARACTERS": 200},
        headers=[*NAMED, "note"],
        rows=of((2, "", "row_too_long", "Ann"), (3, "", "row_too_long", "Bob"), (4, 92, "Cy")),
    ),
    Case(
        file="row_too_long.csv",
        asked={"column_options": ["note=ignore"]},
        headers=[*NAMED, "note"],
        rows=of((2, 90, "Ann"), (3, 91, "Bob"), (4, 92, "Cy")),
    ),
    Case(file="columns_201.csv", refused=("too_many_columns", "201 columns, 200 at most")),
    Case(
        file="rows_8.csv",
        limits={"MAX_ROWS": 3},
        refused=("too_many_rows", "more than 3 rows"),
    ),
    Case(
        file="rows_8.csv",
        limits={"MAX_ROWS": 7},
        headers=NAMED,
        failed=("too_many_rows", "more than 7 rows"),
    ),
    Case(
        file="rows_8.csv",
        limits={"MAX_ROWS": 8},
        headers=NAMED,
        rows=of(
            *((2 + n, 90 + n, f"Shop {n}") for n in range(4)),
            (6, "", "blank_row", ""),
            *((3 + n, 90 + n, f"Shop {n}") for n in range(4, 8)),
        ),
    ),
    Case(
        file="trailing_blanks.csv",
        headers=[*NAMED, "", "", ""],
        rows=of(
            (2, 90, "Ann"),
            (3, "", "blank_row", ""),
            (4, 91, "Bob"),
            *((row, "", "blank_row", "") for row in (5, 6, 7)),
        ),
    ),
]

HEADERS = [
    Case(
        file="headers_blank_and_repeated.csv",
        headers=["phone_number", "", "name", "name", "name_2"],
        rows=of(
            (2, 90, {"name": "Ann", "name_3": "Smith", "name_2": "x"}),
            (3, 91, {"name": "Bob", "name_3": "", "name_2": ""}),
        ),
    ),
    Case(
        file="headers_spaces.csv",
        headers=["  Phone  Number ", "\tFirst\tName", "Last\xa0Name", "due\r\ndate"],
        rows=of((2, 90, {"First Name": "Ann", "Last Name": "Smith", "due date": "2026-03-01"})),
    ),
    Case(
        file="headers_invisible.csv",
        # The first mark is the file's, the second the header's.
        headers=["\ufeffphone_\u200bnumber", "na\u00adme\ufeff", "\u200b", "\xa0"],
        rows=of((2, 90, "Ann")),
    ),
    Case(
        file="sep_line.csv",
        read_as="utf-8 ;",
        headers=["phone_number", "name,a,b,c,d"],
        rows=of((2, 90, {"name,a,b,c,d": "Ann"})),
    ),
    Case(
        file="blank_lines_above.csv",
        headers=NAMED,
        rows=of(
            (5, "", "blank_row", ""),
            (6, 90, "Ann"),
            (7, "", "blank_row", ""),
            (8, "", "blank_row", ""),
            (9, 91, "Bob"),
        ),
    ),
    Case(file="title_row.csv", refused=("no_phone_column", "Columns found: Customers of spring.")),
    Case(file="header_only.csv", refused=("no_rows", "a header but no rows")),
    Case(file="no_header.csv", refused=("no_header", "Add one above the recipients")),
    Case(file="no_phone_column.csv", refused=("no_phone_column", "Columns found: name, city.")),
    Case(
        file="no_phone_column.csv",
        asked={"column_options": ["telephone=phone_number"]},
        refused=("unknown_column", "no column “telephone”"),
    ),
    Case(file="empty.csv", refused=("empty_file", "The file is empty.")),
    Case(file="only_blanks.csv", refused=("empty_file", "The file is empty.")),
    Case(file="only_delimiters.csv", refused=("no_header", "names of its columns")),
]

NUMBERS = [
    Case(
        file="numbers_excel_damaged.csv",
        headers=NAMED,
        rows=of(
            (2, 90, "decimal"),
            (3, 91, "decimal comma"),
            (4, "", "scientific_notation", "rounded"),
            (5, "", "scientific_notation", "rounded"),
            (6, 92, "apostrophe"),
            (7, 93, "formula"),
            (8, 94, "formula"),
            (9, "", "not_a_number", "too narrow"),
            (10, "", "not_a_number", "error"),
            (11, "", "not_a_number", "half"),
            (12, "", "not_a_number", "date"),
        ),
    ),
    Case(
        file="numbers_as_written.csv",
        headers=NAMED,
        rows=of(
            (2, 90, "spaces"),
            (3, 91, "parentheses"),
            (4, 92, "dots"),
            (5, 93, "00"),
            (6, 94, "tel"),
            (7, 95, "typographic"),
            (8, 96, "invisible"),
            (9, "+12345678909", "country code"),
            (10, "+442079460018", "abroad"),
            (11, "", "has_extension", "extension"),
            (12, "", "has_letters", "letters"),
            (13, "", "several_numbers", "two"),
            (14, "", "several_numbers", "two lines"),
            (15, "", "not_a_number", "none"),
            (16, "", "blank_number", "blank"),
            (17, "", "blank_number", "invisible only"),
            (18, "", "too_short", "short"),
            (19, "", "too_long", "long"),
            (20, "", "invalid_country_code", "no country"),
        ),
    ),
    Case(
        file="numbers_never_called.csv",
        headers=NAMED,
        rows=of(
            *((row, "", "emergency_number", "emergency") for row in (2, 3, 4, 5)),
            (6, "", "short_number", "service"),
            (7, "", "premium_rate", "premium"),
            (8, "", "premium_rate", "premium"),
            (9, 90, "Ann"),
        ),
    ),
    Case(
        file="numbers_british.csv",
        asked={"region": "gb"},
        headers=["Telephone", "name"],
        rows=of(
            (2, "+442079460018", "London"),
            (3, 90, "Washington"),
            (4, "", "emergency_number", "emergency"),
            (5, "", "short_number", "service"),
        ),
    ),
    Case(
        file="numbers_british.csv",
        asked={"region": "UK"},
        refused=("bad_region", "'UK' is not a country"),
    ),
    Case(
        file="duplicates.csv",
        asked={"column_options": MAPPED[:1]},
        headers=[*NAMED, "settings.max_duration"],
        rows=of(
            (2, 90, "Ann"),
            (3, 90, "duplicate", "Ann again"),
            (4, 91, "invalid_call_setting", "Bob"),
            (5, 91, "Bob again"),
            (6, 91, "duplicate", "Bob thrice"),
            (7, 90, "duplicate", "Ann thrice"),
        ),
        more={5: {"call_settings": {"max_duration": 5}}},
    ),
]

VALUES = [
    Case(
        file="invisible_in_values.csv",
        headers=NAMED,
        rows=of(
            (2, 90, "Ann[31m"),
            (3, 91, "Bobgnp.exe"),
            (4, 92, "Cy"),
            (5, 93, "Di"),
            (6, 94, "👩\u200d👩\u200d👧"),
            (7, 95, "می\u200cبینم"),
            (8, 96, "one\ntwo\nthree"),
        ),
    ),
    Case(
        file="value_too_long.csv",
        headers=NAMED,
        rows=of(
            (2, 90, "a" * 2_000),
            (3, 91, "value_too_long", "b" * 2_001),
            (4, 92, "c" * 2_000),
        ),
    ),
    Case(
        file="consent.csv",
        headers=[*NAMED, "Opt-In"],
        rows=of(
            (2, 90, "Ann"),
            (3, 91, "consent_refused", "Bob"),
            (4, 92, "Cy"),
            (5, 93, "consent_unclear", "Di"),
            (6, 94, "Ed"),
            (7, 95, "Fay"),
            (8, 96, "Gus"),
        ),
    ),
    Case(
        file="start_times.csv",
        headers=[*NAMED, "timezone", "start_time"],
        rows=of(
            (2, 90, "zone"),
            (3, 91, "offset"),
            (4, 92, "neither"),
            (5, 93, "invalid_call_setting", "no such zone"),
            (6, 94, "invalid_call_setting", "word"),
            (7, 95, "invalid_call_setting", "no such day"),
            (8, 96, "skipped"),
            (9, 97, "ISO"),
            (10, 98, "ambiguous_date", "other order"),
        ),
        more={
            2: {
                "start_at": datetime(2030, 1, 2, 15, tzinfo=UTC),
                "call_settings": {"timezone": "America/Chicago"},
            },
            3: {"start_at": datetime(2030, 1, 2, 14, tzinfo=UTC), "call_settings": {}},
            4: {"start_at": None, "call_settings": {}},
            6: {"start_at": None, "call_settings": {}},
            8: {"start_at": datetime(2030, 3, 10, 7, 30, tzinfo=UTC)},
            9: {"start_at": datetime(2030, 1, 2, 9, tzinfo=UTC)},
        },
    ),
    Case(
        file="settings_of_rows.csv",
        asked={"column_options": MAPPED},
        headers=[*NAMED, "settings.max_duration", "webhook", "Voice"],
        rows=of(
            (2, 90, {"name": "Ann", "Voice": "x"}),
            (3, 91, {"name": "Bob", "Voice": ""}),
            (4, 92, "invalid_call_setting", {"name": "Cy", "Voice": ""}),
            (5, 93, "invalid_call_setting", {"name": "Di", "Voice": ""}),
            (6, 94, {"name": "Ed", "Voice": ""}),
            (7, 95, "invalid_call_setting", {"name": "Fay", "Voice": ""}),
            (8, 96, "invalid_call_setting", {"name": "Gus", "Voice": ""}),
            (9, 97, "invalid_call_setting", {"name": "Hal", "Voice": ""}),
        ),
        more={
            2: {"call_settings": {"max_duration": 12, "webhook": "https://example.com/a"}},
            3: {"call_settings": {}},
            4: {"call_settings": {}},
            6: {"call_settings": {"max_duration": 12}},
        },
    ),
]

NO_LISTS = [
    Case(file=file, refused=("not_text", "Save the list as CSV"))
    for file in ("picture.csv", "document.csv", "compressed.csv")
] + [Case(file="page.csv", refused=("web_page", "This is a web page (HTML)"))]

WORKBOOKS = [
    Case(
        file="numbers.xlsx",
        read_as="Sheet1",
        headers=[*NAMED, "zip"],
        rows=of(
            (2, 90, {"name": "number", "zip": "00501"}),
            (3, 91, {"name": "decimal", "zip": "501"}),
            (4, 92, {"name": "exponent", "zip": "00501"}),
            (5, 93, {"name": "text", "zip": "0"}),
            (6, "", "not_a_number", {"name": "half", "zip": "0.5"}),
        ),
    ),
    Case(
        file="dates_and_truths.xlsx",
        read_as="Sheet1",
        headers=["phone_number", "day", "moment", "member"],
        rows=of(
            (2, 90, {"day": "2026-03-01", "moment": "2026-03-01T12:00:00", "member": "true"}),
            (3, 91, {"day": "46082", "moment": "2026-03-01T00:00:00", "member": "false"}),
            (4, "", "not_a_number", {"day": "2026-03-01", "moment": "", "member": ""}),
        ),
    ),
    Case(
        file="formulas.xlsx",
        read_as="Sheet1",
        headers=NAMED,
        rows=of(
            (2, 90, "Ann"),
            (3, 91, ""),
            (4, "", "error_cell", "#N/A"),
            (5, "", "error_cell", "Di"),
            (6, "", "formula_without_result", ""),
            (7, "", "not_a_number", "=1+1"),
        ),
    ),
    Case(
        file="formula_alone.xlsx",
        read_as="Sheet1",
        headers=NAMED,
        rows=of((2, "", "formula_without_result", ""), (3, 91, "Bob")),
    ),
    Case(file="sheets.xlsx", read_as="People", headers=NAMED, rows=ANN),
    Case(
        file="sheets.xlsx",
        asked={"sheet": " old & GONE "},
        read_as="Old & gone",
        headers=["Phone", "name"],
        rows=of((2, 91, "Bob")),
    ),
    Case(
        file="sheets.xlsx",
        asked={"sheet": "Notes"},
        refused=("unknown_sheet", "Choose one of these: People, Old & gone."),
    ),
    Case(
        file="formatted_rows.xlsx",
        read_as="Sheet1",
        headers=NAMED,
        rows=of(
            (2, 90, "Ann"),
            (3, "", "blank_row", ""),
            (4, "", "blank_row", ""),
            (5, 91, "Bob"),
        ),
    ),
    Case(file="title.xlsx", refused=("no_phone_column", "Columns found: Customers of spring.")),
    Case(
        file="merged_cells.xlsx",
        read_as="Sheet1",
        headers=NAMED,
        rows=of((2, 90, "Ann"), (3, 91, "")),
    ),
    Case(
        file="beyond_the_header.xlsx",
        read_as="Sheet1",
        headers=NAMED,
        rows=of((2, 90, "Ann"), (3, "", "too_many_cells", "Bob"), (4, 92, "Cy")),
    ),
    Case(file="no_rows.xlsx", refused=("no_rows", "a header but no rows")),
    Case(file="nothing.xlsx", refused=("no_header", "names of its columns")),
    Case(file="legacy.xls", refused=("legacy_workbook", "an old Excel workbook (.xls)")),
    Case(file="opendocument.ods", refused=("opendocument_workbook", "an OpenDocument file")),
    Case(file="bomb.xlsx", refused=("workbook_too_large", "more than 200 times its size")),
    Case(file="broken.xlsx", refused=("broken_workbook", "it is damaged")),
    Case(file="letter.xlsx", refused=("broken_workbook", "of another kind than .xlsx")),
    Case(
        file="comma_lf.csv",
        asked={"sheet": "People"},
        refused=("no_workbook", "no sheet “People”"),
    ),
]

CASES = [
    *DELIMITERS_AND_LINE_ENDS,
    *ENCODINGS,
    *QUOTES_AND_SHAPES,
    *HEADERS,
    *NUMBERS,
    *VALUES,
    *NO_LISTS,
    *WORKBOOKS,
]
