"""The log of a batch."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q

from batchcalls.states import NOBODY_TO_CALL, BatchStatus


class AccountEvent(models.Model):
    """An entry in a voice account's log: who changed what it may do, and why. Only ever added."""

    account = models.ForeignKey(
        "batchcalls.VoiceAccount", on_delete=models.CASCADE, related_name="events"
    )
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    code = models.CharField(max_length=60)
    message = models.TextField()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.message


class BatchEvent(models.Model):
    """An entry in a batch's log: what happened, and who did it. Rows are only ever added.

    Skipped rows of the list have no entry, because each has its own reason.
    """

    batch = models.ForeignKey(
        "batchcalls.Batch", on_delete=models.CASCADE, related_name="events", db_index=False
    )
    at = models.DateTimeField(auto_now_add=True)
    from_status = models.CharField(max_length=30, choices=BatchStatus.choices, blank=True)
    to_status = models.CharField(max_length=30, choices=BatchStatus.choices, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    code = models.CharField(max_length=60, blank=True)
    message = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "pk"]
        indexes = [
            models.Index(fields=["batch", "at"], name="batch_event_by_batch"),
            models.Index(fields=["code", "at"], name="batch_event_by_code"),
        ]
        constraints = [
            CheckConstraint(
                condition=Q(to_status="") | Q(to_status__in=BatchStatus.values),
                name="batch_event_to_status",
            )
        ]

    def __str__(self) -> str:
        return self.message or f"{self.from_status} → {self.to_status}"

    @property
    def returned_to_draft(self) -> bool:
        """Whether nobody on the list could be called. The Bland API knows this as a failure."""
        return self.to_status == BatchStatus.DRAFT and self.code == NOBODY_TO_CALL
