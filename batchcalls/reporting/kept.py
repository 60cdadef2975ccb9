"""Figures that take long to count: every process serves the last count while one counts anew."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

import structlog
from django.db import connection
from django.db.models import Q

from batchcalls.database import clock
from batchcalls.models import KeptFigure

log = structlog.get_logger(__name__)

ValueT = TypeVar("ValueT")
Count = Callable[[Collection[str]], Mapping[str, ValueT]]

#: Figures that are counted faster are always counted again.
WORTH_KEEPING_SECONDS = 0.05
#: A figure that took ``t`` seconds is fresh for 20 ``t``, so that counting takes at most a
#: twentieth of the time.
FRESH_TIMES = 20
#: How long one process has a figure for itself. If it dies, another counts.
COUNTING = timedelta(minutes=2)
#: One process counts one thing at a time: the database has other work too.
_one_at_a_time = threading.Lock()
#: What `soon` does at the moment, by its name.
_under_way: dict[str, threading.Thread] = {}
_starting = threading.Lock()


@dataclass(frozen=True, slots=True)
class Form(Generic[ValueT]):
    """How a figure is written as JSON and read again."""

    write: Callable[[ValueT], Any]
    read: Callable[[Any], ValueT]


def get(key: str, count: Callable[[], ValueT], form: Form[ValueT], *, state: str = "") -> ValueT:
    """Return a figure that may be some seconds old; see `get_each`."""
    return get_each({key: state}, lambda keys: {key: count()}, form)[key]


def get_each(
    states: Mapping[str, str], count: Count[ValueT], form: Form[ValueT]
) -> dict[str, ValueT]:
    """Return figures by key. Old ones are returned once more, while one process counts them anew.

    A figure that was never counted, or for another state, is counted now.
    """
    stored = _stored(states)
    rows = {key: row for key, row in stored.items() if row.state == states[key]}
    found = {key: form.read(row.value) for key, row in rows.items()}
    old = [row for row in rows.values() if _is_old(row)]
    if _sees_own_changes():
        for row in old:
            del found[row.key]
    elif mine := {row.key: row.state for row in old if _claim(row)}:
        _in_background(lambda: _count(mine, count, form, stored))
    missing = {key: state for key, state in states.items() if key not in found}
    return found | _count(missing, count, form, stored) if missing else found


def has(states: Mapping[str, str]) -> bool:
    """Tell whether all of these figures are kept, so that they are returned without counting."""
    stored = _stored(states)
    return all(key in stored and stored[key].state == state for key, state in states.items())


def soon(name: str, work: Callable[[], ValueT], *, patience: float) -> ValueT | None:
    """Do work in the background, and return its result if it is done within some seconds.

    None if not: the work continues, and this process does only one of a name at a time.
    """
    if _sees_own_changes():
        return work()
    done: list[ValueT] = []
    with _starting:
        thread = _under_way.get(name)
        if thread is None or not thread.is_alive():
            context = copy_context()  # with the time zone
            thread = _in_background(lambda: done.append(context.run(work)))
            _under_way[name] = thread
    thread.join(patience)
    return done[0] if done else None


def renew(states: Mapping[str, str], count: Count[ValueT], form: Form[ValueT]) -> None:
    """Count the figures that are old, or were never counted, unless another process does."""
    stored = _stored(states)
    rows = {key: row for key, row in stored.items() if row.state == states[key]}
    wanted = {
        key: state
        for key, state in states.items()
        if key not in rows or (_is_old(rows[key]) and _claim(rows[key]))
    }
    if wanted:
        _count(wanted, count, form, stored)


def _stored(keys: Iterable[str]) -> dict[str, KeptFigure]:
    return {row.key: row for row in KeptFigure.objects.filter(key__in=list(keys))}


def _is_old(row: KeptFigure) -> bool:
    # A time in the future is from before the clock was set back.
    age = abs((clock.now() - row.counted_at).total_seconds())
    return age >= FRESH_TIMES * row.took_seconds


def _sees_own_changes() -> bool:
    """Tell whether this is a transaction, whose changes another connection does not see."""
    return connection.in_atomic_block


def _claim(row: KeptFigure) -> bool:
    """Take the right to count a figure, unless another process has it or has just counted."""
    now = clock.now()
    free = Q(counting_until=None) | Q(counting_until__lt=now)
    free |= Q(counting_until__gt=now + COUNTING)  # from before the clock was set back
    rows = KeptFigure.objects.filter(free, key=row.key, counted_at=row.counted_at)
    return bool(rows.update(counting_until=now + COUNTING))


def _count(
    states: Mapping[str, str],
    count: Count[ValueT],
    form: Form[ValueT],
    stored: Collection[str],
) -> dict[str, ValueT]:
    at, began = clock.now(), time.monotonic()
    values = dict(count(list(states)))
    took = time.monotonic() - began
    if took >= WORTH_KEEPING_SECONDS:
        rows = [
            KeptFigure(
                key=key,
                state=state,
                value=form.write(values[key]),
                counted_at=at,
                took_seconds=took,
            )
            for key, state in states.items()
        ]
        fields = ["state", "value", "counted_at", "took_seconds", "counting_until"]
        # In order, so that two processes do not wait for each other.
        KeptFigure.objects.bulk_create(
            sorted(rows, key=lambda row: row.key),
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=fields,
        )
    elif outdated := [key for key in states if key in stored]:
        forget(outdated)
    return values


def forget(keys: Iterable[str]) -> None:
    """Forget figures, so that they are counted when they are next wanted."""
    KeptFigure.objects.filter(key__in=list(keys)).delete()


def _in_background(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=_work, args=[work], name="figures", daemon=True)
    thread.start()
    return thread


def _work(work: Callable[[], object]) -> None:
    try:
        with _one_at_a_time:
            work()
    except Exception:
        # The figure stays as it is, and another request counts it when the claim is over.
        log.exception("figures_not_counted")
    finally:
        connection.close()
