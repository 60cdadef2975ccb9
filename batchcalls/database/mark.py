"""A number kept beside the database, where restoring the database does not reach it.

It is kept in a file in ``DATA_DIR`` and also in Redis if that is the broker, so losing one of them
loses nothing. The number only rises.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

ResultT = TypeVar("ResultT")

#: Digits of the number in the file.
LENGTH = 20
REDIS_TIMEOUT_SECONDS = 1.0
#: How long an unreachable Redis is left alone, so that it does not delay every claim.
REDIS_PAUSE_SECONDS = 30.0
_RAISE = """
if tonumber(ARGV[1]) > tonumber(redis.call('GET', KEYS[1]) or 0) then
  redis.call('SET', KEYS[1], ARGV[1])
end
"""


def highest(key: UUID) -> int | None:
    """Return the highest number kept; None when nothing is kept or nothing can be read."""
    in_redis = _ask_redis(lambda client: client.get(_name(key)))
    numbers = [number for number in (_in_file(key), _number(in_redis)) if number is not None]
    return max(numbers, default=None)


def raise_to(key: UUID, number: int) -> None:
    """Keep a number unless a higher one is kept; log a place that cannot be written."""
    try:
        _raise_file(key, number)
    except OSError as error:
        log.error("mark.not_written", folder=str(settings.DATA_DIR), error=str(error))
    _ask_redis(lambda client: client.eval(_RAISE, 1, _name(key), number))


def _raise_file(key: UUID, number: int) -> None:
    """Overwrite the number in place: replacing the file would wait for the disk at each claim."""
    path = _path(key)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Processes of this host take turns, so that a slow one never lowers the number.
        fcntl.flock(file, fcntl.LOCK_EX)
        if (_number(os.read(file, LENGTH)) or 0) < number:
            os.pwrite(file, f"{number:0{LENGTH}}".encode(), 0)
    finally:
        os.close(file)


def _in_file(key: UUID) -> int | None:
    try:
        file = os.open(_path(key), os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH)
        return _number(os.read(file, LENGTH))
    except OSError:
        return None
    finally:
        os.close(file)


def _number(text: bytes | None) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        return None


def _path(key: UUID) -> Path:
    return Path(settings.DATA_DIR) / f"epoch-{key}"


def _name(key: UUID) -> str:
    return f"batchcalls:epoch:{key}"


_redis_paused_until = 0.0


def _ask_redis(question: Callable[[Any], ResultT]) -> ResultT | None:
    """Ask Redis if it is the broker; return None when it is not or does not answer."""
    global _redis_paused_until  # noqa: PLW0603 - of this process
    if not settings.BROKER_URL or time.monotonic() < _redis_paused_until:
        return None
    import redis  # noqa: PLC0415 - an extra, required only by this setting

    try:
        return question(_client(settings.BROKER_URL))
    except redis.RedisError as error:
        _redis_paused_until = time.monotonic() + REDIS_PAUSE_SECONDS
        log.warning("mark.redis_away", error=str(error))
        return None


@cache
def _client(url: str) -> Any:
    import redis  # noqa: PLC0415

    return redis.Redis.from_url(
        url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
    )
