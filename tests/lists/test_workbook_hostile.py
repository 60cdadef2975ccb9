"""Whatever is packed like a workbook: damaged, hostile, of another kind, or without an end."""

from __future__ import annotations

import errno
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchcalls.lists import workbook_cells, workbook_package
from batchcalls.lists.rows import Row
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.lists.workbook import is_workbook, open_workbook
from tests.lists.lists import DEFAULTS
from tests.lists.workbooks import (
    BOOK,
    SHEET,
    STYLES,
    TEXTS,
    made,
    read,
    refusal,
    with_parts,
    with_rows,
)


def bomb(name: str, megabytes: int) -> bytes:
    return with_parts(made(["a"]), {name: b" " * (megabytes << 20)})


def lying(part: str, content: bytes, size: int) -> bytes:
    """Pack a part that unpacks to more than the package says."""
    data = bytearray(with_parts(with_rows(""), {part: content}))
    place = data.rindex(part.encode()) - 46  # its entry in the central directory
    data[place + 24 : place + 28] = size.to_bytes(4, "little")
    return bytes(data)


def encrypted() -> bytes:
    data = bytearray(made(["a"]))
    place = -1
    while (place := data.find(b"PK\x01\x02", place + 1)) >= 0:
        data[place + 8] |= 1
    return bytes(data)


def entities(part: str) -> bytes:
    lines = ['<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">']
    lines += [
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return with_parts(with_rows(""), {part: "".join(lines) + "]><x>&i;</x>"})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "broken_workbook"),
        (b"PK\x05\x06" + bytes(18), "broken_workbook"),
        (made(["a"])[:-30], "broken_workbook"),
        (made(["a"])[:3000], "broken_workbook"),
        (encrypted(), "broken_workbook"),
        (with_parts(made(["a"]), {"_rels/.rels": None}), "broken_workbook"),
        (with_parts(made(["a"]), {BOOK: "<a"}), "broken_workbook"),
        (with_parts(made(["a"]), {BOOK: "<document/>"}), "broken_workbook"),
        (with_parts(made(["a"]), {BOOK: None}), "broken_workbook"),
        (with_parts(made(["a"]), {SHEET: None}), "broken_workbook"),
        (with_parts(made(["a"]), {SHEET: b"\xff\xfe"}), "broken_workbook"),
        (with_parts(with_rows(""), {TEXTS: None}), "broken_workbook"),
        *((entities(part), "broken_workbook") for part in (BOOK, SHEET, TEXTS, STYLES)),
        (with_rows('<row r="1048577"/>'), "broken_workbook"),
        (with_rows('<row r="1"/>'), "broken_workbook"),
        (with_rows('<row r="x"/>'), "broken_workbook"),
        (with_rows('<row><c r="XFE2"><v>1</v></c></row>'), "broken_workbook"),
        (with_rows('<row><c r="ZZZZ2"><v>1</v></c></row>'), "broken_workbook"),
        (with_rows("<row>" + "<c/>" * 16_385 + "</row>"), "broken_workbook"),
        (with_rows('<row><c t="s"><v>9</v></c></row>'), "broken_workbook"),
        (with_rows('<row><c t="s"><v>-1</v></c></row>'), "broken_workbook"),
        (with_rows("<row><c><v>seven</v></c></row>"), "broken_workbook"),
        (with_rows('<row><c t="d"><v>soon</v></c></row>'), "broken_workbook"),
        (lying(SHEET, b"<worksheet>" + b" " * 9_000_000 + b"</worksheet>", 700), "broken_workbook"),
        (lying(BOOK, b" " * 9_000_000, 700), "broken_workbook"),
        (lying(TEXTS, b"<sst>" + b" " * 9_000_000 + b"</sst>", 700), "broken_workbook"),
        (bomb("xl/media/any.png", 11), "workbook_too_large"),
        (bomb(BOOK, 5), "workbook_too_large"),
        (with_rows("", "<cols>" + "x" * 4_300_000 + "</cols>"), "workbook_too_large"),
        (lying("docProps/app.xml", b"any", (1 << 32) - 1), "workbook_too_large"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "legacy_workbook"),
        (
            with_parts(made(["a"]), {"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
            "opendocument_workbook",
        ),
    ],
)
def test_what_is_damaged_hostile_or_of_another_kind_is_refused(data: bytes, code: str) -> None:
    assert refusal(data).code == code


@pytest.mark.parametrize(
    ("module", "limit", "value"),
    [
        (workbook_package, "MAX_MEMBERS", 5),
        (workbook_package, "MAX_UNPACKED_BYTES", 5_000),
        (workbook_cells, "MAX_TEXTS_BYTES", 20),
    ],
)
def test_what_a_workbook_may_unpack_to_is_limited(
    monkeypatch: pytest.MonkeyPatch, module: Any, limit: str, value: int
) -> None:
    monkeypatch.setattr(module, limit, value)
    assert refusal(with_rows("")).code == "workbook_too_large"


#: 8 KB, packed.
NESTED, BESIDE = "<a>" * 590_000 + "</a>" * 590_000, "<a>" + "<b/>" * 590_000 + "</a>"


@pytest.mark.parametrize("content", [NESTED, BESIDE], ids=["nested", "beside each other"])
@pytest.mark.parametrize("part", [BOOK, STYLES, "xl/_rels/workbook.xml.rels", "_rels/.rels"])
def test_a_part_of_more_elements_than_a_workbook_has_is_not_built(part: str, content: str) -> None:
    data = with_parts(made(["a"]), {part: content})
    assert len(data) < 10_000
    refused = refusal(data)
    assert (refused.code, "tags" in refused.message) == ("workbook_too_large", True)


@pytest.mark.parametrize(
    "data",
    [
        with_rows("<row>" + NESTED + "</row>"),
        with_rows("<row></row><a>" * 300 + "</a>" * 300),
        with_parts(with_rows(""), {TEXTS: "<sst>" + NESTED + "</sst>"}),
    ],
    ids=["in a row", "from row to row", "in texts"],
)
def test_elements_within_each_other_are_refused(data: bytes) -> None:
    assert "elements within each other" in refusal(data).message


def test_names_of_elements_do_not_fill_the_memory() -> None:
    rows = "".join(f"<row><a{number}/></row>" for number in range(1_001))
    assert "different elements" in refusal(with_rows(rows)).message


def test_a_row_without_an_end_is_refused() -> None:
    data = with_rows("<row>" + "<c/>" * 1_100_000 + "</row>")
    assert refusal(data).code == "workbook_too_large"


def test_a_table_of_contents_that_would_fill_the_memory_is_not_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.comment = b"x"
    data = bytearray(out.getvalue())
    data[12:16] = (5 << 20).to_bytes(4, "little")
    assert refusal(bytes(5 << 20) + bytes(data)).code == "workbook_too_large"


def test_damage_behind_the_last_row_is_found() -> None:
    data = bytearray(with_parts(made(["a"], [1]), {}))
    place = data.rindex(SHEET.encode()) - 46
    data[place + 16] ^= 1  # the checksum
    assert refusal(bytes(data)).code == "broken_workbook"


def test_the_bytes_of_a_workbook_are_told_from_others() -> None:
    assert is_workbook(made(["a"])[:8])
    assert not is_workbook(b"phone,name\n")
    assert not is_workbook(b"")


def test_other_peoples_errors_stay_what_they_are() -> None:
    stream = io.BytesIO(made(["a"], [1]))
    with pytest.raises(ValueError, match="mine"), open_workbook(stream, sheet="", limits=DEFAULTS):
        raise ValueError("mine")
    assert not stream.closed

    class Unplugged(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "unplugged")

    unplugged = Unplugged(b"any")
    with (
        pytest.raises(OSError, match="unplugged"),
        open_workbook(unplugged, sheet="", limits=DEFAULTS),
    ):
        pass


@pytest.mark.parametrize(
    "row",
    [
        lambda number: f'<row r="{number}"><c><v>{number}</v></c><c><v>2</v></c></row>',
        lambda number: f'<row r="{number}" s="1" customFormat="1" ht="20"/>',
        lambda number: f'<row r="{number}"><c r="XFD{number}" s="1"/></row>',
    ],
    ids=["rows", "rows with a format only", "cells with a format only"],
)
def test_memory_does_not_grow_with_the_rows(row: Callable[[int], str]) -> None:
    def peak(count: int) -> int:
        stream = io.BytesIO(with_rows("".join(map(row, range(2, count + 2)))))
        tracemalloc.start()
        try:
            with open_workbook(stream, sheet="", limits=DEFAULTS) as reader:
                for _ in reader:
                    pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(20_000)  # What is built once, by measuring coverage too, is there from now on.
    assert peak(20_000) < peak(2_000) + 500_000


def test_a_sheet_formatted_to_its_end_has_only_the_rows_with_text() -> None:
    rows = "".join(f'<row r="{number}" s="1" customFormat="1"/>' for number in range(2, 1_048_577))
    assert read(with_rows(rows))[1] == []


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="_")),
            max_size=4,
        ),
        max_size=5,
    )
)
def test_any_text_comes_back_cell_for_cell(table: list[list[str]]) -> None:
    table = [[text for text in row if text[:1] not in {"=", "#"}] for row in table]
    rows = [[*row, "end"] for row in table]
    _, found = read(made(["phone", *"abcd"], *rows))
    assert found == [Row(number, cells) for number, cells in enumerate(rows, 2)]


@given(st.binary(max_size=40), st.integers(0, 4_000))
def test_any_damage_is_read_or_refused(patch: bytes, place: int) -> None:
    data = bytearray(made(["phone", "name"], [1, "Bob"]))
    data[place : place + len(patch)] = patch
    with suppress(UnreadableList):
        read(bytes(data))


PIECES = [
    "<c",
    "<row",
    "</row>",
    "<v>",
    "</v>",
    "<is>",
    "<t>",
    ' t="',
    "s",
    "d",
    "e",
    ">",
    "/>",
    "-1",
]


@given(
    st.lists(st.sampled_from([*PIECES, ' r="', '"', "A", "9", "</c>", ' s="', "T"]), max_size=30)
)
def test_any_sheet_is_read_or_refused(pieces: list[str]) -> None:
    with suppress(UnreadableList):
        read(with_rows("<row><c><v>1</v></c></row>" + "".join(pieces)))
