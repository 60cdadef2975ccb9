"""The encoding of a text: what it is, how certain that is, and what does not fit it.

An encoding leaves no trace in a file. UTF-8 and UTF-16 give themselves away; any other is judged
by the characters that it makes of the bytes, as a person would: do they spell names?
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, NamedTuple

import chardet

# fmt: off
ENCODINGS = (  # the choices for a person, by their Python names
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254",
    "cp1255", "cp1256", "iso8859-1", "iso8859-2", "iso8859-15", "mac-roman", "cp437", "cp850",
    "koi8-r", "cp932", "gb18030", "big5", "euc_kr",
)
_GUESSED = (  # ISO 8859-1 and 8859-15 hardly differ from Windows-1252, which replaced them
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "iso8859-2", "mac-roman",
    "cp437", "cp850", "koi8-r", "cp932", "gb18030", "big5", "euc-kr",
)
# fmt: on
BLOCK = 1 << 20  # bytes read at a time

#: Stands for bytes that do not fit. It is half of a surrogate pair, so no text contains it.
MARK = "\udcff"
#: The error handler that puts `MARK` into a text.
MARKING = "batchcalls.mark"

#: How many bytes of lines with other characters than ASCII are judged.
_SAMPLE = 1 << 16
_TELLING_LINES = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
_IN_WORDS = r"[^\s\x00-&(-,./0-9:-@\[-`{-\x7f]"  # ASCII: only letters, apostrophe and hyphen
_WORDS = re.compile(f"{_IN_WORDS}*[^\\x00-\\x7f]{_IN_WORDS}*")
#: How usual an encoding is among lists, compared to the others.
_USUAL = {"cp1252": 1.15, "iso8859-2": 0.9, "koi8-r": 0.9, "cp437": 0.6, "cp850": 0.6}
#: A reading is likely when it scores this many times as much as the next one. Measured with lists
#: of names in twenty languages (tests/lists/test_encodings.py).
_LIKELY = 1.5
#: With fewer words than these, another reading that looks like names too is as good a guess.
_FEWEST_WORDS = 3
_ODD_COSTS, _TOO_ODD = 0.85, 0.5
_APOSTROPHES = "'-\u2019\u05f3\u05f4"
_LAST_LATIN = 0x24F


class Certainty(StrEnum):
    """How certain an encoding is."""

    CERTAIN = "certain"  # chosen by a person, or it gives itself away
    LIKELY = "likely"
    UNSURE = "unsure"  # a person should compare it with the next one


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """An encoding, how certain it is, and the next one to compare it with."""

    encoding: str
    certainty: Certainty
    other: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How many places of a text do not fit an encoding, and how many others are not ASCII."""

    bad: int
    good: int

    @property
    def is_usable(self) -> bool:
        """Whether only some places are damaged. With more, it is another encoding."""
        return self.bad <= self.good


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return MARK, error.end


codecs.register_error(MARKING, _mark)


def fit(stream: BinaryIO, encoding: str) -> Fit:
    """Decode all bytes and count what does not fit."""
    decoder = codecs.getincrementaldecoder(encoding)(MARKING)
    bad = others = 0
    for block in _blocks(stream):
        text = decoder.decode(block, final=not block)
        if not text.isascii():
            bad += text.count(MARK)
            others += len(text) - len(text.encode("ascii", "ignore"))
    return Fit(bad=bad, good=others - bad)


def first_misfit(stream: BinaryIO, encoding: str) -> int | None:
    """Return the position of the first byte that does not fit."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for block in _blocks(stream):
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            # error.object also holds bytes that the decoder kept from the previous block.
            return stream.tell() - len(error.object) + error.start
    return None


def guess(stream: BinaryIO) -> Guess | None:
    """Return the encoding that makes the likeliest text of all bytes, or None if none fits."""
    utf8 = fit(stream, "utf-8")
    if not utf8.bad:
        return Guess(encoding="utf-8", certainty=Certainty.CERTAIN)
    # A file that is merely damaged has few other characters that are valid by accident.
    sample = _telling_lines(stream, is_telling=_is_not_utf8 if utf8.is_usable else bool)
    readings = _readings(sample)
    if utf8.is_usable:
        certainty = Certainty.LIKELY if utf8.good >= 4 * utf8.bad else Certainty.UNSURE
        return Guess(
            encoding="utf-8", certainty=certainty, other=readings[0].encoding if readings else ""
        )
    readings = [one for one in readings if not fit(stream, one.encoding).bad]
    if not readings:
        return None
    best, second = (*readings, _Reading(0.0, "", 0.0, 0))[:2]
    is_likely = best.score >= _LIKELY * second.score and best.odd_share < _TOO_ODD
    if best.words < _FEWEST_WORDS and second.score and second.odd_share < _TOO_ODD:
        is_likely = False
    certainty = Certainty.LIKELY if is_likely else Certainty.UNSURE
    return Guess(encoding=best.encoding, certainty=certainty, other=second.encoding)


class _Reading(NamedTuple):
    score: float
    encoding: str
    odd_share: float
    #: How many different words the encoding decides about.
    words: int


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield all bytes, and an empty block at the end."""
    stream.seek(0)
    while block := stream.read(BLOCK):
        yield block
    yield b""


def _telling_lines(stream: BinaryIO, *, is_telling: Callable[[bytes], bool]) -> bytes:
    """Return the first lines with other characters than ASCII."""
    lines: list[bytes] = []
    for block in _blocks(stream):
        lines += filter(is_telling, _TELLING_LINES.findall(block))
        if sum(map(len, lines)) > _SAMPLE:
            break
    return b"\n".join(lines)[:_SAMPLE]


def _is_not_utf8(line: bytes) -> bool:
    return MARK in line.decode("utf-8", MARKING)


def _readings(sample: bytes) -> list[_Reading]:
    """Return the encodings that make different texts of a sample, best first.

    Of several that make the same text, the most usual one stands for them.
    """
    names: dict[str, list[tuple[float, float, str]]] = {}
    for found in chardet.detect_all(sample, ignore_threshold=True, include_encodings=_GUESSED):
        name = codecs.lookup(found["encoding"] or "ascii").name
        usual = _USUAL.get(name, 1.0)
        text = sample.decode(name, "replace")
        names.setdefault(text, []).append((usual, found["confidence"] * usual, name))
    readings = []
    for text, same in names.items():
        odd = _odd_share(text)
        score = max(score for _, score, _ in same) * (1 - _ODD_COSTS * odd)
        words = len(set(_WORDS.findall(text)))
        readings.append(_Reading(score, max(same)[2], odd, words))
    return sorted(readings, reverse=True)[:4]


def _odd_share(text: str) -> float:
    """Return the share of words that look like no name: symbols inside, “JoÅEo”, two scripts."""
    words = _WORDS.findall(text)
    return sum(map(_is_odd, words)) / len(words) if words else 0.0


def _is_odd(word: str) -> bool:
    has_latin = any(char.isascii() and char.isalpha() for char in word)
    cases = "".join("U" if char.isupper() else "l" if char.islower() else "." for char in word)
    return (
        any(not char.isalpha() and not _belongs_in_words(char) for char in word)
        or "lU" in cases
        or "UUl" in cases
        or (has_latin and any(ord(char) > _LAST_LATIN for char in word))
    )


def _belongs_in_words(char: str) -> bool:
    return char in _APOSTROPHES or unicodedata.category(char) in {"Mn", "Mc", "Lm", "Cf"}
