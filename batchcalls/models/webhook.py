"""Outgoing webhooks: endpoints, messages, and attempts to send them."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone

from batchcalls.models.leased import Leased
from batchcalls.models.webhook_querysets import WebhookDeliveryQuerySet, WebhookEndpointQuerySet
from batchcalls.net import addresses
from batchcalls.net.addresses import masked
from batchcalls.states import DeliveryStatus

#: How long a former secret still signs along with its replacement.
FORMER_SECRET_LASTS = timedelta(hours=24)
URL_LENGTH = 2_000


class WebhookEvent(models.TextChoices):
    """The event that a message reports."""

    BATCH_STATUS = "batch.status", "Batch status"
    CALL_FINISHED = "call.finished", "Call finished"
    TEST = "webhook.test", "Test"


class WebhookFormat(models.TextChoices):
    """The format of a message."""

    STANDARD = "standard", "Batch Calls"
    BLAND = "bland", "Bland-compatible"


class AttemptKind(models.TextChoices):
    """The reason for an attempt."""

    FIRST = "first", "First"
    RETRY = "retry", "Retry"
    RESEND = "resend", "Resend"


def new_salt() -> str:
    """Return a random salt, which makes an endpoint's secret unique."""
    return secrets.token_hex(16)


def validate_webhook_url(value: str) -> None:
    """Raise `ValidationError` unless it is an https URL that may be public.

    WEBHOOK_ALLOWED_HOSTS may use http and be private. `webhooks.targets` looks the host up too.
    """
    try:
        addresses.read(value, named=settings.WEBHOOK_ALLOWED_HOSTS)
    except addresses.Refused as error:
        raise ValidationError(str(error)) from None


class WebhookEndpoint(models.Model):
    """An address that receives events of the installation, of a campaign or of one batch.

    The secret that signs its messages is not stored in the database. It is derived from the salt
    and the installation's key; see `webhooks.signing`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    url = models.CharField("address", max_length=URL_LENGTH, validators=[validate_webhook_url])
    description = models.CharField(max_length=200, blank=True)
    on_batch_status = models.BooleanField("each change of a batch's status", default=True)
    on_call_finished = models.BooleanField("each call that is finished", default=True)
    # Deleting a campaign must not take the log of its messages along.
    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    batch = models.ForeignKey(
        "batchcalls.Batch",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="webhook_endpoints",
    )
    format = models.CharField(
        max_length=20, choices=WebhookFormat.choices, default=WebhookFormat.STANDARD
    )
    enabled = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True, editable=False)
    disabled_reason = models.CharField(max_length=300, blank=True, editable=False)
    #: A deleted endpoint stays as the heading of its messages. It gets no more of them.
    deleted_at = models.DateTimeField(null=True, editable=False)

    salt = models.CharField(max_length=64, default=new_salt, editable=False)
    former_salt = models.CharField(max_length=64, blank=True, editable=False)
    rotated_at = models.DateTimeField(null=True, editable=False)

    consecutive_failures = models.PositiveIntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    last_failed_at = models.DateTimeField(null=True, editable=False)
    resting_until = models.DateTimeField(null=True, editable=False)
    last_delivered_at = models.DateTimeField(null=True, editable=False)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    #: What may be wrong with the address that was just given; not stored.
    warnings: Sequence[str] = ()

    objects = WebhookEndpointQuerySet["WebhookEndpoint"].as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            CheckConstraint(
                condition=Q(on_batch_status=True) | Q(on_call_finished=True),
                name="webhook_endpoint_has_event",
            ),
            CheckConstraint(
                condition=Q(campaign=None) | Q(batch=None), name="webhook_endpoint_one_scope"
            ),
            CheckConstraint(
                condition=Q(format__in=WebhookFormat.values), name="webhook_endpoint_format"
            ),
            CheckConstraint(
                condition=Q(enabled=True, disabled_at=None)
                | Q(enabled=False, disabled_at__isnull=False),
                name="webhook_endpoint_disabled_iff_when",
            ),
            CheckConstraint(
                condition=Q(deleted_at=None) | Q(enabled=False),
                name="webhook_endpoint_deleted_is_off",
            ),
        ]

    def __str__(self) -> str:
        return self.description or self.masked_url

    @property
    def masked_url(self) -> str:
        """The address for people who may not change it: it may hold a token."""
        return masked(self.url)

    @property
    def events(self) -> list[str]:
        """The names of the events that the endpoint receives."""
        wanted = {
            WebhookEvent.BATCH_STATUS: self.on_batch_status,
            WebhookEvent.CALL_FINISHED: self.on_call_finished,
        }
        return [event.value for event, on in wanted.items() if on]

    @property
    def scope(self) -> str:
        """``installation``, ``campaign`` or ``batch``."""
        return "batch" if self.batch_id else "campaign" if self.campaign_id else "installation"

    @property
    def is_failing(self) -> bool:
        """True when the last messages could not be delivered."""
        return self.enabled and self.failing_since is not None

    def salts(self, now: datetime) -> list[str]:
        """Return the salts of the secrets that sign now, the current one first."""
        former = self.former_salt and self.rotated_at
        lasts = former and self.rotated_at and now < self.rotated_at + FORMER_SECRET_LASTS
        return [self.salt, self.former_salt] if lasts else [self.salt]

    def clean(self) -> None:
        """Raise `ValidationError` for an endpoint without events or with two scopes."""
        if not (self.on_batch_status or self.on_call_finished):
            raise ValidationError({"events": "Choose at least one event."})
        if self.campaign_id and self.batch_id:
            raise ValidationError("Choose a campaign or a batch, not both.")


class WebhookDelivery(Leased):
    """One message to one address, from when it is due until it is delivered.

    ``body`` describes the moment of the event and is sent byte for byte on every attempt.
    ``event_id`` is sent as ``webhook-id``, so that receivers can recognize repeated messages.
    ``url`` is the target of a message without an endpoint.
    """

    event_id = models.CharField(max_length=64)
    event_type = models.CharField(max_length=40, choices=WebhookEvent.choices)
    # No separate index: it is the first column of an index below.
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        on_delete=models.CASCADE,
        null=True,
        related_name="deliveries",
        db_index=False,
    )
    url = models.CharField(max_length=URL_LENGTH, blank=True)
    format = models.CharField(max_length=20, choices=WebhookFormat.choices)
    batch = models.ForeignKey(
        "batchcalls.Batch", on_delete=models.CASCADE, null=True, related_name="+"
    )
    call = models.ForeignKey(
        "batchcalls.CallResult",
        on_delete=models.CASCADE,
        null=True,
        related_name="webhook_deliveries",
    )
    body = models.TextField()

    status = models.CharField(
        max_length=20, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING
    )
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(
        default=0, help_text="In a row, since it was written or sent again by hand."
    )
    next_kind = models.CharField(
        max_length=10, choices=AttemptKind.choices, default=AttemptKind.FIRST
    )
    next_attempt_at = models.DateTimeField(null=True)
    give_up_at = models.DateTimeField()
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    # The outbox sets it; the default serves other rows.
    created_at = models.DateTimeField(default=timezone.now)  # noqa: TID251
    ended_at = models.DateTimeField(null=True)

    objects = WebhookDeliveryQuerySet["WebhookDelivery"].as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(next_attempt_at__isnull=False),
                name="webhook_due",
            ),
            # A batch's statuses are sent in the order in which they occurred.
            models.Index(
                fields=["batch", "id"],
                condition=Q(
                    next_attempt_at__isnull=False, event_type=WebhookEvent.BATCH_STATUS, attempts=0
                ),
                name="webhook_in_order",
            ),
            models.Index(fields=["endpoint", "-id"], name="webhook_by_endpoint"),
            models.Index(
                fields=["ended_at"], condition=Q(ended_at__isnull=False), name="webhook_ended"
            ),
        ]
        constraints = [
            UniqueConstraint(fields=["event_id", "endpoint"], name="webhook_once_per_endpoint"),
            UniqueConstraint(
                fields=["event_id"], condition=Q(endpoint=None), name="webhook_once_per_url"
            ),
            CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values), name="webhook_delivery_status"
            ),
            CheckConstraint(
                condition=(
                    Q(status=DeliveryStatus.PENDING)
                    & Q(next_attempt_at__isnull=False, ended_at=None)
                )
                | (
                    ~Q(status=DeliveryStatus.PENDING)
                    & Q(next_attempt_at=None, ended_at__isnull=False)
                ),
                name="webhook_pending_iff_due",
            ),
        ]
        permissions = [("resend_webhookdelivery", "Can send a webhook again")]

    def __str__(self) -> str:
        return f"{self.get_event_type_display()} to {self.masked_target}"

    @property
    def target(self) -> str:
        """The URL that the message is sent to."""
        return self.endpoint.url if self.endpoint else self.url

    @property
    def masked_target(self) -> str:
        """The target for people who may not change endpoints."""
        return masked(self.target)


class WebhookAttempt(models.Model):
    """One request and its answer. Signatures are not stored."""

    # No separate index: it is the first column of the index below.
    delivery = models.ForeignKey(
        WebhookDelivery, on_delete=models.CASCADE, related_name="tries", db_index=False
    )
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=AttemptKind.choices)
    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(default=0)
    url = models.CharField(max_length=URL_LENGTH)
    request_headers = models.JSONField(default=dict)
    response_status = models.PositiveSmallIntegerField(null=True)
    response_excerpt = models.TextField(blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["delivery", "number", "pk"]
        indexes = [models.Index(fields=["delivery", "number"], name="webhook_attempt_in_order")]

    def __str__(self) -> str:
        return f"Attempt {self.number} at {self.at:%Y-%m-%d %H:%M:%S}"
