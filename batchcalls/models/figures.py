"""Figures that take long to count, kept for all processes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.db import models
from django.db.models import CheckConstraint, F, Q, QuerySet, UniqueConstraint

ModelT = TypeVar("ModelT", bound=models.Model)


class KeptFigure(models.Model):
    """A value that took long to count. Whoever counts it anew holds it until ``counting_until``."""

    key = models.CharField(max_length=150, primary_key=True)
    #: What the value was counted for, such as a batch's status. Another state needs another count.
    state = models.CharField(max_length=60, blank=True)
    value = models.JSONField()
    counted_at = models.DateTimeField()
    took_seconds = models.FloatField()
    counting_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class DayOfCallsQuerySet(QuerySet[ModelT], Generic[ModelT]):
    """Days."""

    def forget(self, moments: Iterable[datetime]) -> None:
        """Delete the days that contain a moment, in whatever time zone, to count them anew."""
        near = timedelta(days=1)
        for moment in moments:
            around = (moment - near).date(), (moment + near).date()
            self.filter(day__range=around).delete()


class DayOfCalls(models.Model):
    """The calls of a day that is over, none of which can still change."""

    day = models.DateField()
    time_zone = models.CharField(max_length=64)
    calls = models.PositiveIntegerField()
    ended = models.PositiveIntegerField()
    reached = models.PositiveIntegerField()

    objects = DayOfCallsQuerySet["DayOfCalls"].as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["day"]
        constraints = [
            UniqueConstraint(fields=["day", "time_zone"], name="day_of_calls_unique"),
            CheckConstraint(
                condition=Q(reached__lte=F("ended")) & Q(ended__lte=F("calls")),
                name="day_of_calls_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.time_zone}"
