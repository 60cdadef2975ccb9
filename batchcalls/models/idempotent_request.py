"""Answered API requests, which get the same answer when they are repeated."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import UniqueConstraint


class IdempotentRequest(models.Model):
    """The answer to an API key's request, stored in the same transaction as the request's effect.

    ``fingerprint`` detects a different request under the same name. ``status`` is None only inside
    the transaction that answers the request.
    """

    api_key = models.ForeignKey("batchcalls.ApiKey", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    token = models.UUIDField(default=uuid.uuid4)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    location = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["api_key", "name"], name="idempotent_request_unique_name")
        ]

    def __str__(self) -> str:
        return self.name
