"""Call attempts and the provider's events about them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from batchcalls.database.stamps import StampField
from batchcalls.models.querysets import CallEventQuerySet, CallResultQuerySet
from batchcalls.states import CALL_FINAL, CALL_GIVEN_UP, CallStatus, StopRequest
from campaigns.vocabulary import AnsweredBy, RetryOutcome


class CallResult(models.Model):
    """One attempt to call a recipient. Durations are in seconds, money in ``currency``.

    ``call_id`` is ours; it is assigned before the provider gets the request and sent along with
    it. ``next_check_at`` is when to ask the provider for news, None when that is not needed.
    """

    call_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    # No separate indexes: each of these is the first column of an index below.
    batch = models.ForeignKey(
        "batchcalls.Batch", on_delete=models.CASCADE, related_name="calls", db_index=False
    )
    recipient = models.ForeignKey(
        "batchcalls.Recipient", on_delete=models.CASCADE, related_name="calls", db_index=False
    )
    account = models.ForeignKey(
        "batchcalls.VoiceAccount", on_delete=models.PROTECT, related_name="calls", db_index=False
    )
    attempt = models.PositiveSmallIntegerField()
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="How often the provider had said “not now” to this attempt."
    )
    to_number = models.CharField("to", max_length=16)
    from_number = models.CharField("from", max_length=16, blank=True)
    webhook = models.CharField(
        max_length=2_000, blank=True, help_text="Where else this call is reported to."
    )
    checks = models.JSONField(
        default=dict, blank=True, help_text="Each rule that was checked before dialing."
    )

    status = models.CharField(max_length=20, choices=CallStatus.choices, default=CallStatus.QUEUED)
    # Null, not blank: nulls are distinct in a unique index, and every database uses a unique index
    # that has no condition.
    provider_call_id = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001
    provider_status = models.CharField(max_length=60, blank=True)
    answered_by = models.CharField(max_length=20, choices=AnsweredBy.choices, blank=True)
    disposition = models.CharField(max_length=100, blank=True)
    retry_outcome = models.CharField(
        max_length=20, choices=RetryOutcome.choices, blank=True, editable=False
    )
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)

    duration_seconds = models.PositiveIntegerField(null=True, blank=True)
    price = models.DecimalField(max_digits=12, decimal_places=5, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    # In the account's currency. Until the call ends, budgets count the most that it can cost; then
    # what it did cost, which is the provider's price unless that cannot be used.
    reserved = models.DecimalField(
        max_digits=12,
        decimal_places=5,
        null=True,
        editable=False,
        help_text="The most that the call was expected to cost when it was placed, in the currency "
        "of its account.",
    )
    cost = models.DecimalField(max_digits=12, decimal_places=5, null=True, editable=False)
    summary = models.TextField(blank=True)
    transcript = models.JSONField(default=list, blank=True)
    variables = models.JSONField(default=dict, blank=True)
    extracted = models.JSONField(default=dict, blank=True)
    recording_url = models.URLField(max_length=500, blank=True)

    claimed_at = models.DateTimeField()
    # The moment before the first byte of the request left; null while there is no answer, and if
    # the process died before it recorded one.
    sent_at = models.DateTimeField(null=True, editable=False)
    placed_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    updated_at = StampField(help_text="When the call last changed, for `updated_since`.")
    next_check_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, editable=False)
    lookups = models.PositiveSmallIntegerField(default=0)
    given_up_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When the attempt was believed not to exist. Kept if its call turns up.",
    )
    stop_requested = models.CharField(
        max_length=10, choices=StopRequest.choices, blank=True, editable=False
    )

    objects = CallResultQuerySet["CallResult"].as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["batch", "-id"], name="call_by_batch"),
            # With ``ended_at``, which is always null here, so that SQLite counts live calls without
            # reading them.
            models.Index(
                fields=["status", "account", "claimed_at", "ended_at"],
                condition=Q(ended_at=None),
                name="call_not_ended",
            ),
            models.Index(
                fields=["account", "next_check_at", "id"],
                condition=Q(next_check_at__isnull=False),
                name="call_to_check",
            ),
            # For the call log, whose pages are ranges of ids. Each index has the filtered value
            # first and the id second, so that a rare value is found without reading other calls.
            # A change to a call writes to every index that contains the call. All indexes below,
            # except the four on values that never change, contain only calls that have ended or
            # have a result, so they are written once.
            models.Index(fields=["to_number", "-id"], name="call_by_number"),
            models.Index(fields=["claimed_at", "id"], name="call_by_time"),
            # For caps on the calls to one number.
            models.Index(fields=["to_number", "claimed_at"], name="call_by_number_and_time"),
            # For daily caps of caller IDs.
            models.Index(fields=["account", "from_number", "claimed_at"], name="call_by_caller_id"),
            models.Index(
                fields=["status", "-id"], condition=Q(ended_at__isnull=False), name="call_by_status"
            ),
            models.Index(
                fields=["batch", "status", "-id"],
                condition=Q(ended_at__isnull=False),
                name="call_by_batch_and_status",
            ),
            # For the circuit breaker: how many of an account's recent calls failed, by batch.
            models.Index(
                fields=["account", "claimed_at", "status", "batch"],
                condition=Q(ended_at__isnull=False),
                name="call_ended_by_account",
            ),
            # For programs that follow results.
            models.Index(
                fields=["ended_at", "id"], condition=Q(ended_at__isnull=False), name="call_by_end"
            ),
            models.Index(
                fields=["updated_at", "id"],
                condition=Q(ended_at__isnull=False),
                name="call_by_change",
            ),
            # SQLite does not use these two, because queries use parameters; it scans the calls.
            models.Index(
                fields=["answered_by", "-id"], condition=~Q(answered_by=""), name="call_by_answer"
            ),
            models.Index(
                fields=["disposition", "-id"], condition=~Q(disposition=""), name="call_by_outcome"
            ),
        ]
        constraints = [
            UniqueConstraint(fields=["recipient", "attempt"], name="call_unique_attempt"),
            UniqueConstraint(
                fields=["account", "provider_call_id"],
                name="call_unique_provider_id",
            ),
            CheckConstraint(condition=Q(status__in=CallStatus.values), name="call_status"),
            CheckConstraint(
                condition=Q(answered_by="") | Q(answered_by__in=AnsweredBy.values),
                name="call_answered_by",
            ),
            CheckConstraint(
                condition=(Q(status__in=sorted(CALL_FINAL)) & ~Q(ended_at=None))
                | (~Q(status__in=sorted(CALL_FINAL)) & Q(ended_at=None)),
                name="call_final_iff_ended",
            ),
            CheckConstraint(condition=Q(attempt__gte=1), name="call_attempt_positive"),
        ]
        permissions = [
            ("settle_callresult", "Can say whether an unconfirmed call was placed"),
            ("export_callresult", "Can export call logs"),
            ("export_recording", "Can see and export the provider’s addresses of recordings"),
        ]

    def __str__(self) -> str:
        return f"{self.to_number}, attempt {self.attempt}"

    @property
    def has_turned_up(self) -> bool:
        """True when the call exists although the attempt had been given up."""
        return self.given_up_at is not None and self.status not in CALL_GIVEN_UP

    @property
    def latest_sent_at(self) -> datetime:
        """The moment the request was sent; if that is not known, the latest possible one."""
        longest = timedelta(seconds=settings.SEND_WITHIN_SECONDS)
        return self.sent_at or self.claimed_at + longest


class CallEvent(models.Model):
    """A provider's event about a call, stored once however often it is sent.

    A webhook is stored as received and applied soon after, at ``apply_at``, which is None once it
    is applied or given up. Until then its call may be unknown.
    """

    account = models.ForeignKey(
        "batchcalls.VoiceAccount", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    call = models.ForeignKey(CallResult, on_delete=models.CASCADE, related_name="events", null=True)
    event_key = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=CallStatus.choices)
    provider_status = models.CharField(max_length=60, blank=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    payload = models.JSONField(default=dict, blank=True, editable=False)
    apply_at = models.DateTimeField(null=True, editable=False)

    objects = CallEventQuerySet["CallEvent"].as_manager()

    class Meta:
        ordering = ["occurred_at", "pk"]
        indexes = [
            models.Index(
                fields=["account", "apply_at", "id"],
                condition=Q(apply_at__isnull=False),
                name="call_event_to_apply",
            )
        ]
        constraints = [
            UniqueConstraint(fields=["account", "event_key"], name="call_event_unique_key"),
            CheckConstraint(condition=Q(status__in=CallStatus.values), name="call_event_status"),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()} at {self.occurred_at:%Y-%m-%d %H:%M:%S}"
