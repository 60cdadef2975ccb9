"""Filters of a list that somebody keeps by name."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint


class FilteredPage(models.TextChoices):
    """The lists whose filters can be kept."""

    CALL_LOG = "call_log", "Call Logs"


class SavedFilter(models.Model):
    """A query string of a list, columns included, under a person's own name for it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=20, choices=FilteredPage.choices)
    name = models.CharField(max_length=80)
    query = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            UniqueConstraint(fields=["owner", "page", "name"], name="saved_filter_unique_name"),
            CheckConstraint(condition=Q(page__in=FilteredPage.values), name="saved_filter_page"),
        ]

    def __str__(self) -> str:
        return self.name
