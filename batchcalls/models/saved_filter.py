"""Saved filters."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint


class FilteredPage(models.TextChoices):
    """The pages whose filters can be saved."""

    CALL_LOG = "call_log", "Call Logs"


class SavedFilter(models.Model):
    """A page's query string, including columns, saved by a person under a name."""

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
