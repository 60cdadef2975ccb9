"""API keys, which let programs act with their owner's permissions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from batchcalls.database import clock


class Scope(models.TextChoices):
    """What a key may be used for; its owner needs the permission as well."""

    BATCHES_READ = "batches:read", "View batches, recipients, and reports"
    BATCHES_WRITE = "batches:write", "Create and change batches"
    BATCHES_CONTROL = "batches:control", "Launch, pause, resume, cancel, and retry batches"
    CALLS_READ = "calls:read", "View calls, transcripts, and recordings"
    CALLS_WRITE = "calls:write", "Send single calls and stop calls"
    CAMPAIGNS_READ = "campaigns:read", "View campaigns, pathways, and tools"
    CAMPAIGNS_WRITE = "campaigns:write", "Create and change campaigns, pathways, and tools"
    DO_NOT_CALL_READ = "do_not_call:read", "View the do-not-call list"
    DO_NOT_CALL_WRITE = "do_not_call:write", "Add and remove do-not-call numbers"
    ACCOUNTS_READ = "accounts:read", "View voice accounts"
    WEBHOOKS_READ = "webhooks:read", "View webhook endpoints and deliveries"
    WEBHOOKS_WRITE = "webhooks:write", "Manage webhook endpoints and resend deliveries"
    AUDIT_READ = "audit:read", "View the audit log"


def validate_scopes(value: Any) -> None:
    """Raise `ValidationError` unless ``value`` is a list of known scopes without duplicates."""
    if not isinstance(value, list) or not value:
        raise ValidationError("Choose at least one scope.")
    unknown = [str(scope) for scope in value if scope not in Scope.values]
    if unknown or len(set(value)) != len(value):
        raise ValidationError(f"Unknown or repeated scopes: {', '.join(unknown)}.")


class ApiKey(models.Model):
    """A key with scopes that acts with its owner's permissions. Only a digest is stored.

    ``digest`` is SHA-256. The secret is long and random, so it cannot be guessed, and a slow hash
    would only slow down requests. ``prefix`` is the start of the secret, for people to tell keys
    apart. ``full_at`` is the state of the throttle: when the key has its full allowance again (see
    `batchcalls.access.api_keys.admit`).
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    name = models.CharField(max_length=100, help_text="Which program uses it, and where.")
    prefix = models.CharField(max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list, validators=[validate_scopes])
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    full_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "API key"
        permissions = [("manage_apikey", "Can see and revoke everybody’s API keys")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_usable(self, now: datetime | None = None) -> bool:
        """Return whether the key is neither revoked nor expired and its owner is active."""
        is_over = self.expires_at is not None and self.expires_at <= (now or clock.now())
        return self.revoked_at is None and not is_over and self.owner.is_active

    @property
    def state(self) -> str:
        """The key's state: active, revoked, expired or owner inactive."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= clock.now():
            return "expired"
        return "active" if self.owner.is_active else "owner inactive"


class ApiAllowance(models.Model):
    """The state of the throttle of all keys of one person; ``full_at`` is that of `ApiKey`."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    full_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"API allowance of {self.owner}"
