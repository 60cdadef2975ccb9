"""Figures that are kept: who counts them, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from batchcalls.database import clock
from batchcalls.models import KeptFigure
from batchcalls.reporting import kept

FORM: kept.Form[int] = kept.Form(int, int)


@pytest.fixture(autouse=True)
def worth_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "WORTH_KEEPING_SECONDS", 0)
    monkeypatch.setattr(kept, "FRESH_TIMES", 1e9)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], Any]]:
    """What was to be counted in the background, by a request outside of transactions."""
    work: list[Callable[[], Any]] = []
    monkeypatch.setattr(kept, "_in_background", work.append)
    monkeypatch.setattr(kept, "_sees_own_changes", lambda: False)
    return work


def figure(count: int, *, state: str = "") -> int:
    return kept.get("figure", lambda: count, FORM, state=state)


def grow_old() -> None:
    KeptFigure.objects.update(counted_at=clock.now() - timedelta(days=9), took_seconds=0.0)


@pytest.mark.django_db
def test_an_old_figure_is_served_once_more_while_one_process_counts(
    later: list[Callable[[], Any]],
) -> None:
    assert [figure(1), figure(2)] == [1, 1]
    grow_old()
    assert [figure(3), figure(4)] == [1, 1]
    assert len(later) == 1
    later[0]()
    assert figure(5) == 3


@pytest.mark.django_db
def test_a_process_that_died_while_counting_is_followed_by_another(
    later: list[Callable[[], Any]],
) -> None:
    figure(1)
    grow_old()
    figure(2)
    KeptFigure.objects.update(counting_until=clock.now() - timedelta(seconds=1))
    figure(3)
    assert len(later) == 2


@pytest.mark.django_db
def test_a_figure_of_another_state_is_counted_before_it_is_shown(
    later: list[Callable[[], Any]],
) -> None:
    assert figure(1, state="calling") == 1
    assert figure(2, state="completed") == 2
    assert not later


@pytest.mark.django_db
def test_a_worker_renews_only_what_is_old() -> None:
    def renew(count: int) -> int:
        kept.renew({"figure": ""}, lambda keys: dict.fromkeys(keys, count), FORM)
        return figure(-1)

    assert [renew(1), renew(2)] == [1, 1]
    grow_old()
    assert renew(3) == 3


@pytest.mark.django_db
def test_what_is_counted_fast_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    figure(1)
    grow_old()
    monkeypatch.setattr(kept, "WORTH_KEEPING_SECONDS", 60)
    assert [figure(2), figure(3)] == [2, 3]
    assert not KeptFigure.objects.exists()


@pytest.mark.django_db
def test_a_failed_count_leaves_the_figure_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept.connection, "close", lambda: None)

    def fail() -> int:
        raise ValueError

    kept._work(fail)


def test_long_work_goes_on_in_the_background_and_is_begun_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "_sees_own_changes", lambda: False)
    finish, begun = threading.Event(), []

    def work() -> int:
        begun.append(1)
        finish.wait(30)
        return 7

    assert [kept.soon("work", work, patience=0) for _ in range(3)] == [None] * 3
    finish.set()
    kept._under_way["work"].join()
    assert begun == [1]
    assert kept.soon("work", work, patience=30) == 7
