"""The encoding and the delimiter of a list, found or asked for."""

from __future__ import annotations

import io
from typing import Any

import pytest

from batchcalls.lists.dialect import Dialect, detect
from batchcalls.lists.encodings import BLOCK
from batchcalls.lists.reader import open_list
from batchcalls.lists.rows import Limits, Row
from tests.lists.lists import LIST, read, refusal


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (LIST.encode(), Dialect(encoding="utf-8", delimiter=";")),
        (LIST.encode("utf-8-sig"), Dialect(encoding="utf-8", delimiter=";")),
        (
            b"\xff\xfe" + LIST.encode("utf-16-le"),
            Dialect(encoding="utf-16-le", delimiter=";"),
        ),
        (
            b"\xfe\xff" + LIST.encode("utf-16-be"),
            Dialect(encoding="utf-16-be", delimiter=";"),
        ),
        (LIST.encode("utf-16-le"), Dialect(encoding="utf-16-le", delimiter=";")),
        (LIST.encode("utf-16-be"), Dialect(encoding="utf-16-be", delimiter=";")),
    ],
)
def test_the_encoding_is_found_and_the_list_reads_the_same(data: bytes, expected: Dialect) -> None:
    assert detect(io.BytesIO(data)) == expected
    assert read(data) == (["phone_number", "näme"], [Row(2, ["+12025550123", "Zoë"])])


@pytest.mark.parametrize(
    ("asked", "data", "name"),
    [
        ("latin-1", "é\x80", "iso8859-1"),
        ("Windows-1251", "Иван", "cp1251"),
        ("UTF-8-SIG", "Zoë", "utf-8"),
        (" utf8 ", "Zoë", "utf-8"),
        ("gb18030", "王", "gb18030"),
        ("utf-16", "Zoë and a long enough text", "utf-16-le"),
        ("utf-16-be", "王王王王王王王", "utf-16-be"),
    ],
)
def test_an_encoding_can_be_asked_for_by_any_of_its_names(asked: str, data: str, name: str) -> None:
    stream = io.BytesIO(f"phone,name\n1,{data}\n".encode(name))
    dialect = detect(stream, encoding=asked)
    assert dialect.encoding == name
    assert next(iter(open_list(stream, dialect, Limits()))).cells == ["1", data]


def test_utf_16_asked_for_takes_the_byte_order_of_the_file() -> None:
    assert read(LIST.encode("utf-16-be"), encoding="utf-16")[1][0].cells[1] == "Zoë"


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("phone_number,name\n1,2\n", ","),
        ("phone_number;name\n1;2\n", ";"),
        ("phone_number\tname\n1\t2\n", "\t"),
        ("phone_number|name\n1|2\n", "|"),
        ("phone_number\n1\n", ","),
        ("phone_number\n1, or 2; or 3\n", ","),
        ("phone;price,eur;name\n1;3,50;Bob\n2;4,00;Al\n", ";"),
        ("phone;note\n1;Hello, how, are you\n", ";"),
        ('"a;b;c",d\n"1;2",3\n', ","),
        ("Last, First\tphone\nDoe, J\t1\n", "\t"),
        ("Last, First;phone|mobile;x\nDoe;1;2\n", ";"),
        ("\n\nphone;name\n1;2\n", ";"),
        ("SEP=|\nphone,a|b\n1|2\n", "|"),
        ('"sep=\t"\nphone,name\n', "\t"),
        ("phone,name,a;" + "x" * 70_000 + "\n1,2;3\n", ","),
        (",,\n;;\n", ","),
    ],
)
def test_the_delimiter_is_found_by_the_header(text: str, delimiter: str) -> None:
    assert detect(io.BytesIO(text.encode())).delimiter == delimiter


@pytest.mark.parametrize("asked", ["\t", "tab", " Tab "])
def test_a_delimiter_asked_for_wins_over_the_header_and_the_sep_line(asked: str) -> None:
    assert read("sep=;\na\tb;c;d\n1\t2\n", delimiter=asked) == (
        ["a", "b;c;d"],
        [Row(2, ["1", "2"])],
    )


@pytest.mark.parametrize(
    ("data", "asked", "code", "says"),
    [
        (b"", {}, "empty_file", "empty"),
        (b"\r\n \r\n", {}, "empty_file", "empty"),
        (b"\xef\xbb\xbf", {}, "empty_file", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", {}, "not_text", "CSV"),
        (b"%PDF-1.7\n", {}, "not_text", "CSV"),
        (b"\xef\xbb\xbf <!DOCTYPE html>", {}, "web_page", "web page"),
        (b'<meta charset="utf-8"><table><tr><td>1', {}, "web_page", "ends in .xls"),
        ("\ufeff<html><table>".encode("utf-16-le"), {}, "web_page", "HTML"),
        (b"MIME-Version: 1.0\r\nX-Document-Type: Workbook", {}, "web_page", "HTML"),
        (
            b'<?xml version="1.0"?>\r\n<?mso-application progid="Excel.Sheet"?>\r\n<Workbook/>',
            {},
            "xml_workbook",
            "XML Spreadsheet 2003",
        ),
        (b'<?xml version="1.0"?><contacts/>', {}, "xml_file", "XML file"),
        (bytes(range(256)) * 4, {}, "not_text", "CSV"),
        (b"a,b\n\xe4,\n", {"encoding": "utf-8"}, "bad_encoding", "byte 4 "),
        (LIST.encode("utf-8-sig"), {"encoding": "cp1252"}, "bad_encoding", "byte 0"),
        (LIST.encode("utf-8-sig"), {"encoding": "utf-16"}, "bad_encoding", "byte 0"),
        (b"a,b\n", {"encoding": "klingon"}, "unknown_encoding", "cp1252"),
        (b"a,b\n", {"encoding": "hex"}, "unknown_encoding", "“hex”"),
        (b"a,b\n", {"encoding": "a\0"}, "unknown_encoding", "utf-8"),
        (b"a,b\n", {"delimiter": "x"}, "bad_delimiter", "“x”"),
        (b"sep=^\na^b\n", {}, "bad_delimiter", "“^”"),
        (b"sep=\na,b\n", {}, "bad_delimiter", "sep="),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(
    data: bytes, asked: dict[str, Any], code: str, says: str
) -> None:
    error = refusal(data, **asked)
    assert error.code == code
    assert says in error.message


def test_a_byte_that_does_not_fit_is_found_beyond_the_first_block() -> None:
    data = b"a,b\n" + b"x" * (BLOCK - 5) + b"\xc3\xa9" + b"y" * BLOCK + b"\xc3(\xff"
    position = len(data) - 3
    assert f"byte {position:,} " in refusal(data, encoding="utf-8").message
