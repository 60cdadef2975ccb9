"""Bodies with long lists mean the same, read in whatever pieces they arrive."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import IO, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batchcalls.access import json_bodies, json_lists
from batchcalls.access.json_lists import BodyEmpty, JsonList

LISTS = {"recipients", "calls"}


class Pieces(io.RawIOBase):
    """A body of which each read returns a few bytes, whatever was asked for."""

    def __init__(self, body: bytes, *sizes: int) -> None:
        self._body = io.BytesIO(body)
        self._sizes = list(sizes or [64])

    def read(self, size: int = -1) -> bytes:
        self._sizes.append(self._sizes.pop(0))
        return self._body.read(min(size, self._sizes[0]))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: list(one) if isinstance(one, JsonList) else one for name, one in value.items()
        }
    return value


def parsed(body: bytes, *sizes: int) -> Any:
    stream: IO[Any] = Pieces(body, *sizes)  # type: ignore[assignment]
    return plain(json_lists.parse(stream, lists=LISTS))


_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_values = st.recursive(
    _scalars | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)
_bodies = st.dictionaries(
    _texts | st.sampled_from(sorted(LISTS)), _values | st.lists(_values, max_size=5), max_size=5
)


@given(_bodies | _values, st.sampled_from([None, 1]), st.booleans(), st.integers(1, 40))
@example({"recipients": [1, 12345, -0.5, "é", "😀"]}, None, True, 1)
@example({"recipients": []}, 1, False, 3)
def test_a_body_is_read_as_it_would_be_in_one_piece(
    value: Any, indent: int | None, is_ascii: bool, size: int
) -> None:
    body = (
        b"\xef\xbb\xbf" * is_ascii
        + json.dumps(value, indent=indent, ensure_ascii=is_ascii).encode()
    )

    assert parsed(body, size) == value == json_bodies.parse(body)


@given(_bodies)
def test_a_body_with_lists_is_the_same_request_as_before(value: dict[str, Any]) -> None:
    """Responses that were stored before an upgrade are found after it."""
    read = json_lists.parse(io.BytesIO(json.dumps(value).encode()), lists=LISTS)

    assert b"".join(json_lists.canonical(read)) == json.dumps(value, sort_keys=True).encode()


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"recipients": [{"a": 1}], "x": }', "Expecting value (character 33)"),
        ('{"recipients": [{"a": 1}, {"a": tru}]}', "Expecting value (character 33)"),
        ('{"recipients": [{"a": 1}', "a comma is missing, or the end (character 25)"),
        ('{"recipients": [{"a": 1},', "Expecting value"),
        ('{"recipients": [{"a": 1} {"a": 2}]}', "a comma is missing"),
        ('{"recipients": [{"a": 1}],}', "the name of a member is missing"),
        ('{"recipients": [{"a": "not ended', "Unterminated string"),
        ('{"recipients" [1]}', "a colon is missing"),
        ('{"recipients": [1]} {}', "there is more behind its end"),
        ('{"recipients": [1], "recipients": [2]}', "the name 'recipients' appears twice"),
        ('{"recipients": [{"a": 1, "a": 2}]}', "the name 'a' appears twice"),
        ('{"recipients": [1e999]}', "the number 1e999 is too large"),
        ('{"limit": -1e999}', "the number -1e999 is too large"),
        ('{"recipients": [NaN]}', "NaN is not a JSON number"),
        ('{"recipients": [1' + "0" * 5_000 + "]}", "The body is not JSON"),
        (f'{{"recipients": [{deep(19)}]}}', "more than 20 levels deep"),
        (f'{{"recipients": [{"[" * 100_000}', "levels deep"),
        ('{"recipients": ["\\ud800"]}', "half a character"),
        ('{"recipients": ["' + "x" * 5_000_000 + '"]}', "Entry 1 of recipients is longer than"),
        ('{"prompt": "' + "x" * 5_000_000 + '"}', "The member 'prompt' is longer than"),
        (b'{"recipients": ["\xff\xfe"]}', "not UTF-8"),
        (b'{"recipients": ["\xc3', "not UTF-8"),
        ("\x00", "Expecting value"),
    ],
)
def test_a_body_that_is_no_json_says_what_and_where(body: str | bytes, said: str) -> None:
    raw = body.encode() if isinstance(body, str) else body
    for size in (7, 65_536) if len(raw) < 10_000 else (65_536,):
        with pytest.raises(json_bodies.BodyUnreadable) as refusal:
            parsed(raw, size)
        assert said in str(refusal.value), size


def test_the_deepest_body_is_as_deep_as_in_one_piece() -> None:
    body = f'{{"recipients": [{deep(18)}]}}'.encode()

    assert parsed(body) == json_bodies.parse(body)
    with pytest.raises(json_bodies.BodyUnreadable, match="levels deep"):
        json_bodies.parse(f'{{"recipients": [{deep(19)}]}}'.encode())


@pytest.mark.parametrize("body", ["", " ", "\n\t\r ", "\ufeff"])
def test_a_body_without_a_value_is_empty(body: str) -> None:
    with pytest.raises(BodyEmpty):
        parsed(body.encode())


def test_a_body_is_read_no_further_than_the_limit(settings: Any) -> None:
    settings.MAX_API_BYTES = 200_000

    class Endless(io.RawIOBase):
        read_bytes = 0

        def read(self, size: int = -1) -> bytes:
            self.read_bytes += size
            return (b'{"recipients": [' if self.read_bytes == size else b"").ljust(size - 2) + b"1,"

    stream = Endless()
    with pytest.raises(json_bodies.BodyTooLong, match=r"200,000 bytes\. Send a long list"):
        json_lists.parse(stream, lists=LISTS)  # type: ignore[arg-type]
    assert stream.read_bytes < 400_000


def test_a_list_is_read_as_often_as_wanted_by_several_at_once() -> None:
    kept = JsonList.of({"n": n, "text": "line\nbreak"} for n in range(20_000))
    values = [{"n": n, "text": "line\nbreak"} for n in range(20_000)]

    pairs: Iterator[Any] = zip(kept, kept, strict=True)
    assert all(one == other == value for (one, other), value in zip(pairs, values, strict=True))
    assert (len(kept), kept[19_999], kept[:1]) == (20_000, values[-1], values[:1])
    with pytest.raises(IndexError):
        kept[20_000]
    assert list(JsonList.of([])) == []
