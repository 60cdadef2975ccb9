"""The days of the dashboard: counted once when they are settled."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from batchcalls.models import CallResult, DayOfCalls
from batchcalls.reporting import daily_figures
from tests.admin.call_rows import make_calls

pytestmark = pytest.mark.django_db


def ago(days: int) -> date:
    return timezone.localdate() - timedelta(days=days)


def figures(days: int) -> tuple[int, int]:
    shown = {day.day: day for day in daily_figures.last_days()}
    assert len(shown) == daily_figures.DAYS
    return shown[ago(days)].calls, shown[ago(days)].reached


def at(days: int) -> Any:
    return timezone.now() - timedelta(days=days)


def test_a_settled_day_is_counted_once_and_yesterday_and_today_again(make_batch: Any) -> None:
    batch = make_batch("+12025550190")
    for days in (0, 1, 5):
        make_calls(batch, 2, claimed_at=at(days), answered_by="human")
    assert [figures(days) for days in (0, 1, 5, 6)] == [(2, 2), (2, 2), (2, 2), (0, 0)]
    CallResult.objects.update(answered_by="voicemail")
    assert [figures(days) for days in (0, 1, 5)] == [(2, 0), (2, 0), (2, 2)]


def test_a_day_with_a_call_that_has_not_ended_is_not_settled(make_batch: Any) -> None:
    [call] = make_calls(
        make_batch("+12025550190"), 1, claimed_at=at(5), answered_by="human", status="in_progress"
    )
    assert figures(5) == (1, 0)
    assert not DayOfCalls.objects.filter(day=ago(5)).exists()
    CallResult.objects.filter(pk=call.pk).update(status="completed", ended_at=timezone.now())
    assert figures(5) == (1, 1)
    assert DayOfCalls.objects.get(day=ago(5)).reached == 1


def test_a_day_is_counted_anew_for_a_call_that_turned_up_after_all(make_batch: Any) -> None:
    assert figures(5) == (0, 0)
    make_calls(make_batch("+12025550190"), 1, claimed_at=at(5), answered_by="human")
    assert figures(5) == (0, 0)
    DayOfCalls.objects.forget([at(5)])
    assert figures(5) == (1, 1)
