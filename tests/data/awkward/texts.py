"""Lists as text, each awkward in its own way, and files that only pretend to be lists."""

from __future__ import annotations

import base64
import codecs

BOM = "\ufeff"
#: A sentence that nobody sees, in the tag characters U+E0000 to U+E007F.
HIDDEN = "".join(chr(0xE0000 + ord(char)) for char in "obey me")


def lines(*rows: str, end: str = "\n") -> str:
    return "".join(row + end for row in rows)


def text(*rows: str, end: str = "\n", encoding: str = "utf-8") -> bytes:
    return lines(*rows, end=end).encode(encoding)


_ENCODED = lines("phone_number,name", "+12025550190,Zoë", "+12025550191,Bob", end="\r\n")
_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
_GZIP = (
    "H4sIAAAAAAACA03IPQ6AIAwG0J1TuMvQFgp4Dg9gNCFh4Scm3t/hW/rGt9oc9Rpff+rrx92r21lIVJX4IH+2uTayxzi2"
    "JzixF3DBXsRFe4pTewmX7GVctldwxf2WN7uJxgAAAA=="
)

# fmt: off
TEXTS: dict[str, tuple[str, bytes]] = {
    # Delimiters and line ends -----------------------------------------------------------------
    "comma_lf.csv": (
        "nothing, but for a line end that is missing at the end",
        b"phone_number,name\n+12025550190,Ann\n+12025550191,Bob",
    ),
    "tab_crlf.tsv": (
        "tabs and CRLF; cells hold commas, semicolons and bars",
        text("phone_number\tname\tnote", "+12025550190\tSmith, Ann\ta;b|c",
             "+12025550191\tBob\t1,5", end="\r\n"),
    ),
    "semicolon_decimal_commas.csv": (
        "semicolons; as many commas in the rows, some in the header",
        text("phone_number;name;due, eur", "+12025550190;Ann;3,50", "+12025550191;Doe, Bob;4,00"),
    ),
    "pipe_cr.txt": (
        "bars and CR alone, as old Macs end lines",
        text("phone_number|name", "+12025550190|Ann", "+12025550191|Bob, Jr.", end="\r"),
    ),
    "mixed_line_ends.csv": (
        "CRLF, LF and CR in one file",
        b"phone_number,name\r\n+12025550190,Ann\n+12025550191,Bob\r+12025550192,Cy\r\n",
    ),
    # Encodings --------------------------------------------------------------------------------
    "utf8_bom.csv": ("UTF-8 with a byte-order mark, as Excel saves “CSV UTF-8”",
                     codecs.BOM_UTF8 + _ENCODED.encode()),
    "utf16le_bom_tabs.txt": (
        "UTF-16 LE with a mark and tabs, as Excel saves “Unicode Text”",
        codecs.BOM_UTF16_LE + _ENCODED.replace(",", "\t").encode("utf-16-le"),
    ),
    "utf16be_bom.csv": ("UTF-16 BE with a mark",
                        codecs.BOM_UTF16_BE + _ENCODED.encode("utf-16-be")),
    "utf16le_no_bom.csv": ("UTF-16 LE without a mark", _ENCODED.encode("utf-16-le")),
    "utf16be_no_bom.csv": ("UTF-16 BE without a mark", _ENCODED.encode("utf-16-be")),
    "windows1252.csv": (
        "Windows-1252: umlauts, the euro, curly quotes; semicolons",
        text("phone_number;name;fällig", "+12025550190;Jürgen Groß;12 €",
             "+12025550191;„Bob“ O’Neill;3 €", end="\r\n", encoding="cp1252"),
    ),
    "dos_umlauts.csv": (
        "code page 850, whose ü is no character of Windows-1252",
        text("phone_number,name", "+12025550190,Jürgen", encoding="cp850"),
    ),
    "cyrillic_1251.csv": (
        "Windows-1251: every byte is some character of Windows-1252 too",
        text("phone_number;name", "+12025550190;Иван", encoding="cp1251"),
    ),
    "two_encodings.csv": (
        "a row in UTF-8, the next in Windows-1252, as when files are put together",
        text("phone_number,name", "+12025550190,Zoë") + text("+12025550191,Noël",
                                                             encoding="cp1252"),
    ),
    # Quotes, ragged rows, limits --------------------------------------------------------------
    "quoted_cells.csv": (
        "line breaks, blank lines, doubled quotes and delimiters in quoted cells",
        text("phone_number,name", '+12025550190,"Smith, Ann"', '+12025550191,"two\r\nlines"',
             '+12025550192,"a blank\n\nline"', '+12025550193,"say ""hi"""', '"+12025550194",""""',
             "+12025550195,last", end="\r\n"),
    ),
    "quotes_inside.csv": (
        "quotes that do not surround a cell, where it is still certain where rows end",
        text("phone_number,name", '+12025550190,5" pipe', '+12025550191,"Big" Joe',
             '+12025550192, "Smith, Cy"', '+12025550193, "Di"'),
    ),
    "mismatched_quote.csv": (
        "a quote that the next line closes in the wrong place",
        text("phone_number,name", "+12025550190,Ann", '+12025550191,"Bob', '+12025550192,"Cy"',
             "+12025550193,Di"),
    ),
    "unclosed_quote.csv": (
        "a quote that is never closed, in the first rows",
        text("phone_number,name", "+12025550190,Ann", '+12025550191,"Bob', "+12025550192,Cy"),
    ),
    "unclosed_quote_late.csv": (
        "a quote that is never closed, further down than a preview reads",
        text("phone_number,name", *(f"+1202555019{digit},Shop {digit}" for digit in range(8)),
             '+12025550198,"Bob', "+12025550199,Cy"),
    ),
    "ragged.csv": (
        "rows with too few cells, with too many, and with blanks too many",
        text("phone_number,name,city", "+12025550190,Ann,Rome", "+12025550191,Bob",
             "+12025550192", "+12025550193,Di,Bonn,extra", "+12025550194,Ed,Linz, ,",
             "+12025550195,Doe, Fay,Wien", "+12025550196,Gus,Graz"),
    ),
    "only_beyond_the_header.csv": (
        "a row whose only text stands to the right of the header",
        text("phone_number,name", "+12025550190,Ann", ",,+12025550191,Bob", "+12025550192,Cy"),
    ),
    "nul_characters.csv": (
        "NUL characters in a value, in a number, in a blank row",
        text("phone_number,name", "+12025550190,A\0nn", "+1202\x005550191,Bob", "\0,",
             "+12025550192,Cy"),
    ),
    "row_too_long.csv": (
        "a row of 300 characters, and one of 60 lines, to be read with a limit of 200",
        text("phone_number,name,note", f"+12025550190,Ann,{'x' * 300}",
             '+12025550191,Bob,"' + "line,\n" * 60 + '"', "+12025550192,Cy,short"),
    ),
    "columns_201.csv": (
        "201 columns, one more than the limit",
        text("phone_number," + ",".join(f"c{n}" for n in range(2, 202)), "+12025550190,Ann"),
    ),
    "rows_8.csv": (
        "8 rows and a blank one, to be read with lower limits",
        text("phone_number,name", *(f"+1202555019{digit},Shop {digit}" for digit in range(4)), "",
             *(f"+1202555019{digit},Shop {digit}" for digit in range(4, 8))),
    ),
    "trailing_blanks.csv": (
        "empty columns at the right and empty rows at the end, as spreadsheets save them",
        text("phone_number,name,,,", "+12025550190,Ann,,,", ",,,,", "+12025550191,Bob,,,",
             ",,,,", " ,,\t,,", "", end="\r\n"),
    ),
    # Headers ----------------------------------------------------------------------------------
    "headers_blank_and_repeated.csv": (
        "a blank header above values, a name that repeats",
        text("phone_number,,name,name,name_2", "+12025550190,left out,Ann,Smith,x",
             "+12025550191,,Bob,,"),
    ),
    "headers_spaces.csv": (
        "spaces around, tabs, no-break spaces and line breaks in headers",
        text("  Phone  Number ,\tFirst\tName,Last\xa0Name,\"due\r\ndate\"",
             " +12025550190 ,  Ann ,\xa0Smith\xa0,\t2026-03-01"),
    ),
    "headers_invisible.csv": (
        "zero-width spaces, byte-order marks in the middle, headers of nothing but these",
        text(f"{BOM}{BOM}phone_\u200bnumber,na\u00adme{BOM},\u200b,\xa0", "+12025550190,Ann,x,y"),
    ),
    "sep_line.csv": (
        "Excel's sep= line, which no spreadsheet shows as a row, against a misleading header",
        text("sep=;", "phone_number;name,a,b,c,d", "+12025550190;Ann", end="\r\n"),
    ),
    "blank_lines_above.csv": (
        "blank lines and lines of delimiters above the header, blank rows below it",
        text("", ",,", " , ", "phone_number,name", "", "+12025550190,Ann", "", ",",
             "+12025550191,Bob"),
    ),
    "title_row.csv": ("a title above the header",
                      text("Customers of spring", "", "phone_number,name", "+12025550190,Ann")),
    "header_only.csv": ("a header and no rows", text("phone_number,name")),
    "no_header.csv": ("no header: the first row is a person",
                      text("+12025550190,Ann", "+12025550191,Bob")),
    "no_phone_column.csv": ("a header without a phone number",
                            text("name,city", "Ann,Rome", "Bob,Bonn")),
    "empty.csv": ("nothing at all", b""),
    "only_blanks.csv": ("only spaces and line ends", b" \r\n\t\r\n\r\n  "),
    "only_delimiters.csv": ("only delimiters", text(",,,", ",,,", ",,,")),
    # Numbers ----------------------------------------------------------------------------------
    "numbers_excel_damaged.csv": (
        "numbers as spreadsheets leave them: as decimals, rounded, as texts and formulas",
        text("phone_number,name", "12025550190.0,decimal", '"12025550191,00",decimal comma',
             "1.20256E+10,rounded", '"1,20256E+10",rounded', "'+12025550192,apostrophe",
             '"=""+12025550193""",formula', "=+12025550194,formula", "#########,too narrow",
             "#N/A,error", "12025550195.5,half", "01/02/2026,date"),
    ),
    "numbers_as_written.csv": (
        "numbers as people write them, of which some cannot be dialed as they stand",
        text("phone_number,name", "+1 202 555 0190,spaces", "(202) 555-0191,parentheses",
             "202.555.0192,dots", "001 202 555 0193,00", "tel:+1-202-555-0194,tel",
             "+1\xa0202\xa0555\u20110195,typographic", "\u200b+12025550196\u202c,invisible",
             "12345678909,country code", "+44 (0)20 7946 0018,abroad",
             "+1 202 555 0197 ext. 5,extension", "1-800-FLOWERS,letters",
             "2025550198 / 2025550199,two", '"2025550198\n2025550199",two lines', "n/a,none",
             ",blank", "\u200b,invisible only", "5550123,short", "20255501234567,long",
             "+999123456,no country"),
    ),
    "numbers_never_called.csv": (
        "emergency, service and premium-rate numbers",
        text("phone_number,name", "911,emergency", "9-1-1,emergency", "112,emergency",
             "+1911,emergency", "411,service", "9005550123,premium", "+449012345678,premium",
             "+12025550190,Ann"),
    ),
    "numbers_british.csv": (
        "national numbers of another country than the usual one",
        text("Telephone,name", "020 7946 0018,London", "+12025550190,Washington", "999,emergency",
             "118118,service"),
    ),
    "duplicates.csv": (
        "one number in several spellings; rows that cannot be called are no first ones",
        text("phone_number,name,settings.max_duration",
             "+12025550190,Ann,", "(202) 555-0190,Ann again,",
             "+12025550191,Bob,soon", "12025550191,Bob again,5", "202-555-0191.,Bob thrice,",
             "12025550190.0,Ann thrice,"),
    ),
    # Values -----------------------------------------------------------------------------------
    "invisible_in_values.csv": (
        "control, direction and tag characters, zero-width spaces; emoji and Persian stay whole",
        text("phone_number,name", "+12025550190,A\x07nn\x1b[31m", "+12025550191,Bob\u202egnp.exe",
             f"+12025550192,Cy{HIDDEN}", f"+12025550193,\u200bD{BOM}i\u00ad",
             "+12025550194,👩\u200d👩\u200d👧", "+12025550195,می\u200cبینم",
             "+12025550196,one\u2028two\x85three"),
    ),
    "value_too_long.csv": (
        "values of 2,000 characters, which is the limit, and of one more",
        text("phone_number,name", f"+12025550190,{'a' * 2_000}", f"+12025550191,{'b' * 2_001}",
             f"+12025550192, {'c' * 2_000} "),
    ),
    "consent.csv": (
        "a consent column with every kind of answer",
        text("phone_number,name,Opt-In", "+12025550190,Ann,YES", "+12025550191,Bob,no",
             "+12025550192,Cy,", "+12025550193,Di,perhaps", "+12025550194,Ed,2020-01-31",
             "+12025550195,Fay,2099-01-31", "+12025550196,Gus,31.01.2020"),
    ),
    "start_times.csv": (
        "time zones and start times that are good, bad, blank, and skipped in spring",
        text("phone_number,name,timezone,start_time",
             "+12025550190,zone,America/Chicago,2030-01-02 09:00:00",
             "+12025550191,offset,,2030-01-02 09:00:00 -05:00", "+12025550192,neither,,",
             "+12025550193,no such zone,Mars/Olympus,", "+12025550194,word,,tomorrow",
             "+12025550195,no such day,,2030-02-30 09:00",
             "+12025550196,skipped,america/new_york,2030-03-10 02:30",
             "+12025550197,ISO,Europe/Berlin,2030-01-02T09:00Z",
             "+12025550198,other order,,01/02/2030 9:00"),
    ),
    "settings_of_rows.csv": (
        "call settings of single rows that are good, bad and blank; Voice is no setting",
        text("phone_number,name,settings.max_duration,webhook,Voice",
             "+12025550190,Ann,12,https://example.com/a,x", "+12025550191,Bob,,,",
             "+12025550192,Cy,soon,,", "+12025550193,Di,0,,", "+12025550194,Ed,12.0,,",
             "+12025550195,Fay,12.5,,", "+12025550196,Gus,,http://example.com/,",
             "+12025550197,Hal,,https://me:secret@example.com/,"),
    ),
    # No lists ---------------------------------------------------------------------------------
    "picture.csv": ("a PNG picture", base64.b64decode(_PNG)),
    "document.csv": ("a PDF document",
                     b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n"),
    "page.csv": (
        "a web page, as when a login page is downloaded instead of the list",
        text("", "<!DOCTYPE html>", "<html><title>phone_number,name</title></html>"),
    ),
    "compressed.csv": ("a list compressed by gzip", base64.b64decode(_GZIP)),
}
# fmt: on
