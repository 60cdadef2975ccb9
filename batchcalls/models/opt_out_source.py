"""Other systems that report opt-outs by webhook, and their messages."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import UniqueConstraint
from django.urls import reverse

from batchcalls.models.webhook import FORMER_SECRET_LASTS, new_salt

#: The longest ``webhook-id`` of a message.
MESSAGE_ID_LENGTH = 100


class OptOutSource(models.Model):
    """A system that reports opt-outs by webhook.

    Its secret is not stored; it is derived from the salt and the installation's key, as for
    outgoing webhooks (see `webhooks.signing`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(
        max_length=100, help_text="For example “CRM” or “Website form”. Shown as evidence."
    )
    enabled = models.BooleanField(default=True, editable=False)
    salt = models.CharField(max_length=64, default=new_salt, editable=False)
    former_salt = models.CharField(max_length=64, blank=True, editable=False)
    rotated_at = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "created_at"]
        verbose_name = "opt-out source"
        default_permissions = ("view", "add", "change")

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """The address for the source's messages."""
        return f"{settings.PUBLIC_URL}{reverse('opt-out-hook', args=[self.pk])}"

    def salts(self, now: datetime) -> list[str]:
        """Return the salts of the secrets that are valid now, the current one first."""
        is_valid = self.rotated_at and now < self.rotated_at + FORMER_SECRET_LASTS
        return [self.salt, self.former_salt] if self.former_salt and is_valid else [self.salt]


class OptOutMessage(models.Model):
    """A message of a source, stored once however often it is sent, and what was answered."""

    source = models.ForeignKey(
        OptOutSource, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    message_id = models.CharField(max_length=MESSAGE_ID_LENGTH)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the body.")
    answer = models.JSONField(default=dict)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["source", "-id"], name="opt_out_message_by_source")]
        constraints = [
            UniqueConstraint(fields=["source", "message_id"], name="opt_out_message_once")
        ]

    def __str__(self) -> str:
        return self.message_id
