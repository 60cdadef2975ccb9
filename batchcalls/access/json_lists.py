"""JSON request bodies with long lists, read piece by piece.

As Python objects, a list of recipients takes five to eight times the memory of its text. Here, each
entry is parsed alone and kept as text, in a temporary file if there are many.
"""

from __future__ import annotations

import codecs
import json
import re
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count, islice
from typing import IO, Any, Self, overload

from django.conf import settings

from batchcalls.access import json_bodies
from batchcalls.access.json_bodies import BodyTooLong, BodyUnreadable

_CHUNK_BYTES = 64 * 1024
_IN_MEMORY_BYTES = 1 << 20
#: The longest entry of a list, and the longest member beside it, in characters.
LONGEST_VALUE = 4_000_000
#: An error so close to the end of what was read may be due to what was not read yet.
_AMBIGUOUS_END = 16
#: What may follow a part of a number that is a number itself; also nothing.
_IN_NUMBERS = ("", *"+-.eE0123456789")
_SPACE = re.compile(r"[ \t\n\r]*")
_LINE_BREAKS = str.maketrans("\n\r", "  ")


class BodyEmpty(BodyUnreadable):
    """The body holds nothing but whitespace."""


class JsonList(Sequence[Any]):
    """Immutable list of JSON values, kept as text. Each iteration parses them again."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Keep JSON texts."""
        self._lines = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
        # The file is open as long as the list is.
        weakref.finalize(self, self._lines.close)
        self._count = 0
        for text in texts:
            # Between values only: within a text, JSON writes line breaks as escapes.
            self._lines.write(text.translate(_LINE_BREAKS).encode() + b"\n")
            self._count += 1

    @classmethod
    def of(cls, values: Iterable[Any]) -> Self:
        """Keep values."""
        return cls(map(json.dumps, values))

    def __len__(self) -> int:
        """Return the number of values."""
        return self._count

    def __iter__(self) -> Iterator[Any]:
        """Yield the values. Several iterations may run at the same time."""
        offset = 0
        while True:
            self._lines.seek(offset)
            lines = self._lines.readlines(_CHUNK_BYTES)
            offset = self._lines.tell()
            if not lines:
                return
            yield from map(json.loads, lines)

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> list[Any]: ...
    def __getitem__(self, place: int | slice) -> Any:
        """Return a value or some values, reading all before them."""
        if isinstance(place, slice):
            return list(islice(self, *place.indices(len(self))))
        for value in islice(self, place, None):
            return value
        raise IndexError(place)


def parse(stream: IO[Any], *, lists: Collection[str]) -> Any:
    """Parse a body as `json_bodies.parse` does, but read its lists piece by piece.

    ``lists`` names the members of the top object that become a `JsonList` if they are lists. Raise
    `BodyTooLong`, `BodyUnreadable`, or, without any value, `BodyEmpty`.
    """
    return _Reader(stream, lists).body()


def canonical(body: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield an object in pieces, as ``json.dumps`` writes it with sorted names."""
    yield b"{"
    for number, name in enumerate(sorted(body)):
        yield f"{', ' if number else ''}{json.dumps(name)}: ".encode()
        value = body[name]
        if isinstance(value, JsonList):
            yield b"["
            for index, entry in enumerate(value):
                yield f"{', ' if index else ''}{_sorted(entry)}".encode()
            yield b"]"
        else:
            yield _sorted(value).encode()
    yield b"}"


def _sorted(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


class _Reader:
    """Reads one body. ``_text`` is what was read and not used yet, from ``_at`` on."""

    def __init__(self, stream: IO[Any], lists: Collection[str]) -> None:
        self._stream = stream
        self._lists = lists
        self._decode: Callable[..., str] = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._at = 0
        self._used = 0
        self._bytes = 0
        self._is_over = False

    def body(self) -> Any:
        if not self._next():
            raise BodyEmpty("The body is not JSON: it is empty.")
        value = self._object() if self._next() == "{" else self._value("The body")[0]
        if self._next():
            raise self._unreadable("there is more behind its end")
        return value

    def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._at += 1
        if self._ends("}"):
            return found
        while True:
            if self._next() != '"':
                raise self._unreadable("the name of a member is missing")
            name, _ = self._value("A name")
            if name in found:
                text = f"the name {name!r} appears twice in an object"
                raise self._unreadable(text)
            if self._next() != ":":
                raise self._unreadable("a colon is missing")
            self._at += 1
            if name in self._lists and self._next() == "[":
                found[name] = JsonList(self._entries(name))
            else:
                found[name], _ = self._value(f"The member {name[:100]!r}", levels=1)
            if self._ends("}"):
                return found
            self._require_comma()

    def _entries(self, name: str) -> Iterator[str]:
        """Yield the text of each entry of a list."""
        self._at += 1
        if self._ends("]"):
            return
        for number in count(1):
            yield self._value(f"Entry {number:,} of {name}", levels=2)[1]
            if self._ends("]"):
                return
            self._require_comma()

    def _ends(self, bracket: str) -> bool:
        is_end = self._next() == bracket
        self._at += is_end
        return is_end

    def _require_comma(self) -> None:
        if self._next() != ",":
            raise self._unreadable("a comma is missing, or the end")
        self._at += 1

    def _next(self) -> str:
        """Return the next character that is not whitespace; a blank at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read(_CHUNK_BYTES):
                return ""

    def _value(self, what: str, *, levels: int = 0) -> tuple[Any, str]:
        """Return the next value and its text; ``levels`` is how deep it is nested."""
        self._next()
        size = _CHUNK_BYTES
        while True:
            try:
                value, end = json_bodies.DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                is_cut = error.pos > len(self._text) - _AMBIGUOUS_END
                is_cut = is_cut or error.msg.startswith("Unterminated string")
                if self._is_over or not is_cut:
                    self._at = error.pos
                    raise self._unreadable(error.msg) from error
            except RecursionError as error:
                raise BodyUnreadable(json_bodies.too_deep()) from error
            except ValueError as error:
                raise BodyUnreadable(f"The body is not JSON: {error}") from error
            else:
                # A number may go on behind what was read: after “-1.”, or “1e+”.
                if self._is_over or self._text[end : end + 1] not in _IN_NUMBERS:
                    text = self._text[self._at : end]
                    json_bodies.check(value, text, levels=levels)
                    self._at = end
                    return value, text
            if len(self._text) - self._at > LONGEST_VALUE:
                text = f"{what} is longer than {LONGEST_VALUE:,} characters. Shorten it."
                raise BodyUnreadable(text)
            self._read(size)
            # Twice as much each time, because what was read is parsed again.
            size = max(size, len(self._text) - self._at)

    def _read(self, size: int) -> bool:
        """Read on; return whether there was more."""
        if self._is_over:
            return False
        chunk = self._stream.read(size)
        self._bytes += len(chunk)
        if self._bytes > settings.MAX_API_BYTES:
            raise BodyTooLong
        self._is_over = not chunk
        try:
            text = self._decode(chunk, final=self._is_over)
        except UnicodeDecodeError as error:
            raise BodyUnreadable("The body is not UTF-8.") from error
        self._used += self._at
        self._text = self._text[self._at :] + text
        self._at = 0
        return not self._is_over

    def _unreadable(self, why: str) -> BodyUnreadable:
        place = f"character {self._used + self._at + 1:,}"
        return BodyUnreadable(f"The body is not JSON: {why} ({place}).")
