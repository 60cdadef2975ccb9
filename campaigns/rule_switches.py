"""Which rule packs and entries are switched off, by whom, until when, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Min, Q


class RulePackSwitchQuerySet(models.QuerySet["RulePackSwitch"]):
    """Rule packs and entries that were switched off."""

    def in_force(self, now: datetime) -> Self:
        """Return those that are still off."""
        return self.filter(Q(until=None) | Q(until__gt=now), ended_at=None, created_at__lte=now)

    def keys(self, now: datetime) -> frozenset[str]:
        """Return the packs and entries that are off: “us”, “us/florida”."""
        rows = self.in_force(now).order_by().values_list("pack", "entry")
        return frozenset(f"{pack}/{entry}" if entry else pack for pack, entry in rows)

    def first_end(self, now: datetime) -> datetime | None:
        """Return when the first of those that are off is on again by itself; None for never."""
        end: datetime | None = self.in_force(now).aggregate(end=Min("until"))["end"]
        return end


class RulePackSwitch(models.Model):
    """A rule pack, or one entry, that does not hold for a time. Rows are kept as the log."""

    pack = models.CharField(max_length=20)
    entry = models.CharField(max_length=60, blank=True, help_text="Blank for the whole pack.")
    reason = models.CharField(max_length=500)
    until = models.DateTimeField(null=True, blank=True, help_text="Blank until switched on.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = RulePackSwitchQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = "rule pack switches"
        default_permissions = ("view",)
        permissions = [("switch_rulepackswitch", "Can switch rule packs off and on")]
        constraints = [
            CheckConstraint(condition=~Q(reason=""), name="rule_pack_switch_has_reason"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """What is off: “us”, or “us/florida”."""
        return f"{self.pack}/{self.entry}" if self.entry else self.pack
