"""Encodings told apart by the names that they spell, or asked about."""

from __future__ import annotations

import io

import pytest

from batchcalls.lists.encodings import Certainty, Guess, guess
from tests.lists.names import name_lists


def guessed(text: str, encoding: str) -> tuple[Guess, str, str]:
    """Return the guess, the text in it, and the text in the next one."""
    data = text.encode(encoding)
    found = guess(io.BytesIO(data))
    assert found is not None
    return found, data.decode(found.encoding), data.decode(found.other or "ascii", "replace")


@pytest.mark.parametrize(("rows", "seeds", "most_wrong"), [(3, 6, 10), (10, 4, 4), (50, 2, 0)])
def test_names_are_read_right_or_their_encoding_is_asked_about(
    rows: int, seeds: int, most_wrong: int
) -> None:
    """A wrong reading is never called likely, and the right one is then the other one shown."""
    wrong = 0
    for seed in range(seeds):
        for encoding, text in name_lists(rows, seed=seed):
            found, read, other = guessed(text, encoding)
            if read != text:
                wrong += 1
                assert found.certainty == Certainty.UNSURE, (encoding, found, text)
                assert other == text or rows < 10, (encoding, found, text)
    assert wrong <= most_wrong


def test_a_long_list_is_likely_in_most_encodings() -> None:
    sure = {
        encoding
        for encoding, text in name_lists(50, seed=1)
        if guessed(text, encoding)[0].certainty == Certainty.LIKELY
    }
    assert {"cp1251", "cp1253", "cp1255", "cp1256", "cp932", "gb18030", "big5", "euc_kr"} <= sure


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"phone,name\n1,Bob\n", ("utf-8", "certain", "")),
        ("Zoë,José".encode(), ("utf-8", "certain", "")),
        ("Zoë\nJosé\nMüller\nŁukasz\n".encode() + b"Jos\xe9", ("utf-8", "likely", "cp1252")),
        ("Zoë\nJosé\nMüller\nMåns\nBjö".encode()[:-1], ("utf-8", "likely", "cp1252")),
        ("Zoë\n".encode() + b"Jos\xe9\n", ("utf-8", "unsure", "cp1252")),
    ],
)
def test_utf_8_stays_utf_8_when_it_is_damaged(data: bytes, expected: tuple[str, str, str]) -> None:
    found = guess(io.BytesIO(data))
    assert found is not None
    assert (found.encoding, found.certainty, found.other) == expected


def test_no_list_of_another_encoding_passes_for_damaged_utf_8() -> None:
    for seed in range(20):
        for encoding, text in name_lists(2, seed=seed):
            assert guessed(text, encoding)[0].encoding != "utf-8", (encoding, text)


def test_bytes_that_spell_nothing_are_asked_about() -> None:
    found = guess(io.BytesIO(bytes(range(0x80, 0x100)) * 2))
    assert found is not None
    assert found.certainty == Certainty.UNSURE


def test_few_words_that_are_names_in_two_encodings_decide_nothing() -> None:
    found = guess(io.BytesIO("Namn;Mobilnummer;Ring ej\nÅsa;070-123 45 67;nej\n".encode("cp1252")))
    assert found is not None
    assert (found.certainty, {found.encoding, found.other}) == ("unsure", {"cp1250", "cp1252"})
