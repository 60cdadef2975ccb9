"""How many queries a page asks, held against what was recorded in ``query_counts.json``.

After a change that is meant to ask more or fewer, record anew and commit the file with it:

    RECORD_QUERY_COUNTS=1 python -m pytest tests/admin/test_query_counts.py
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

BASELINES = Path(__file__).with_name("query_counts.json")
RECORDING = bool(os.environ.get("RECORD_QUERY_COUNTS"))
HOW_TO_RECORD = "RECORD_QUERY_COUNTS=1 python -m pytest tests/admin/test_query_counts.py"
#: Of a transaction, not of a page; a test runs inside one.
_FRAMES = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "BEGIN", "COMMIT")
#: Of the session, now and then.
_NOW_AND_THEN = ('UPDATE "django_session"',)
_SHOWN_CHARACTERS = 400


def queries_of(client: Client, address: str) -> list[str]:
    """Return what a page asks the database for, by a process that has nothing in memory."""
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
        assert answer.status_code == 200, f"{address} answers {answer.status_code}."
    found = [query["sql"] for query in asked.captured_queries]
    return [sql for sql in found if not sql.startswith((*_FRAMES, *_NOW_AND_THEN))]


def baselines() -> dict[str, int]:
    """Return how many queries each page is known to ask."""
    found: dict[str, int] = json.loads(BASELINES.read_text()) if BASELINES.exists() else {}
    return found


def compare(page: str, few: list[str], many: list[str]) -> None:
    """Fail unless a page asks as much of many rows as of few, and as much as was recorded."""
    if len(few) != len(many):
        pytest.fail(
            f"{page} asks {len(few)} queries when there are few rows and {len(many)} when there "
            f"are many. Asked more often or less often:\n{_difference(few, many)}"
        )
    if RECORDING:
        _write({**baselines(), page: len(many)})
        return
    expected = baselines().get(page)
    if expected != len(many):
        known = "nothing is recorded" if expected is None else f"{expected} are recorded"
        pytest.fail(
            f"{page} asks {len(many)} queries; {known}. If that is meant, record it:\n"
            f"    {HOW_TO_RECORD}\nWhat it asks, the most repeated first:\n{_listed(many)}"
        )


def only_pages(pages: set[str]) -> None:
    """Fail if anything is recorded of a page that is not looked at any more."""
    left_over = set(baselines()) - pages
    if left_over and RECORDING:
        _write({page: n for page, n in baselines().items() if page in pages})
    elif left_over:
        pytest.fail(f"Nothing looks at these any more: {sorted(left_over)}. {HOW_TO_RECORD}")


def _write(counts: dict[str, int]) -> None:
    BASELINES.write_text(json.dumps(counts, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def shape(sql: str) -> str:
    """Return a query without its columns and values, so that the same question is the same text."""
    plain = re.sub(r"'(?:[^']|'')*'(?:::\w+)?", "?", sql)
    plain = re.sub(r"(?<![\w\"])-?\d+(?:\.\d+)?(?![\w\"])", "?", plain)
    short = re.sub(r"\((?:\?(?:, )?)+\)", "(?)", plain)
    short = re.sub(r" LIMIT \?(?: OFFSET \?)?$", "", short)
    return re.sub(r'^SELECT ("\w+"\."\w+"(?: AS "\w+")?(?:, )?){3,} FROM ', "SELECT … FROM ", short)


def _difference(few: list[str], many: list[str]) -> str:
    before, after = Counter(map(shape, few)), Counter(map(shape, many))
    lines = [
        f"  {before[sql]} × → {after[sql]} ×  {sql[:_SHOWN_CHARACTERS]}"
        for sql in {**after, **before}
        if before[sql] != after[sql]
    ]
    return "\n".join(lines)


def _listed(queries: list[str]) -> str:
    counts = Counter(map(shape, queries)).most_common()
    return "\n".join(f"  {n} ×  {sql[:_SHOWN_CHARACTERS]}" for sql, n in counts)
