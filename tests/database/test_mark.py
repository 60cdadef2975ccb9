"""The number beside the database survives the loss of either place."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from batchcalls.database import mark
from tests.installation import free_port, listens, need_redis, wait_for

KEY = uuid4()


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(mark, "_redis_paused_until", 0.0)
    return tmp_path


@pytest.fixture
def redis(settings: Any) -> Iterator[subprocess.Popen[bytes]]:
    need_redis()
    port = free_port()
    command = ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    wait_for(lambda: listens(port), seconds=10, what="Redis answers")
    settings.BROKER_URL = f"redis://127.0.0.1:{port}/0"
    yield process
    mark._client(settings.BROKER_URL).close()
    process.kill()
    process.wait()


def test_the_number_only_rises() -> None:
    assert mark.highest(KEY) is None
    for number in (5, 3, 7, 6):
        mark.raise_to(KEY, number)
    assert mark.highest(KEY) == 7
    assert mark.highest(uuid4()) is None


def test_a_damaged_file_counts_as_lost(data_dir: Path) -> None:
    (data_dir / f"epoch-{KEY}").write_text("x")
    assert mark.highest(KEY) is None
    mark.raise_to(KEY, 2)
    assert mark.highest(KEY) == 2


@pytest.mark.processes
def test_redis_knows_the_number_when_the_file_is_lost(
    redis: subprocess.Popen[bytes], data_dir: Path
) -> None:
    for number in (5, 3):
        mark.raise_to(KEY, number)
    (data_dir / f"epoch-{KEY}").unlink()
    assert mark.highest(KEY) == 5


@pytest.mark.processes
def test_the_file_knows_the_number_when_redis_is_away_or_empty(
    redis: subprocess.Popen[bytes], settings: Any
) -> None:
    mark.raise_to(KEY, 5)
    mark._client(settings.BROKER_URL).flushall()
    assert mark.highest(KEY) == 5
    redis.kill()
    redis.wait()
    assert mark.highest(KEY) == 5
    mark.raise_to(KEY, 6)
    assert mark.highest(KEY) == 6
