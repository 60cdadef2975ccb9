"""Batches: each calls the recipients of its lists."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils.functional import cached_property

from batchcalls.models.querysets import BatchQuerySet
from batchcalls.models.webhook import validate_webhook_url
from batchcalls.states import BATCH_TERMINAL, NOBODY_TO_CALL, BatchStatus
from campaigns.calling_hours import CallingHours
from campaigns.caps import Caps
from campaigns.conversations import Conversation
from campaigns.models import CallingPolicy, validate_call_settings
from campaigns.retry import RetryPolicy
from campaigns.settings_field import CallSettingsField
from campaigns.vocabulary import ConsentRule, Purpose

if TYPE_CHECKING:
    from batchcalls.models.stored_list import StoredList

#: Counting the rows of a batch with more of them takes long.
MANY_ROWS = 2_000
UNTITLED = "Untitled Batch"


class DuplicateChoice(models.TextChoices):
    """What to do with duplicate numbers in a list."""

    CALL_ONCE = "call_once", "Call once"
    CALL_EACH_ROW = "call_each_row", "Call each row"


def default_chunk_size() -> int:
    """Return the CHUNK_SIZE setting."""
    return int(settings.CHUNK_SIZE)


class Batch(models.Model):
    """A batch of calls: its lists, and a copy of everything it is launched with.

    Later edits to the campaign or its pathway do not affect a batch. Later edits to its policy
    can only narrow the batch's rules.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, default=UNTITLED)
    status = models.CharField(
        max_length=30, choices=BatchStatus.choices, default=BatchStatus.DRAFT, editable=False
    )
    reason_code = models.CharField(max_length=60, blank=True, editable=False)
    reason = models.TextField(blank=True, editable=False)

    # Conversation and rules.
    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.SET_NULL, null=True, blank=True
    )
    account = models.ForeignKey(
        "batchcalls.VoiceAccount", on_delete=models.PROTECT, related_name="batches"
    )
    purpose = models.CharField(
        max_length=20,
        choices=Purpose.choices,
        default=Purpose.INFORMATIONAL,
        help_text="Why people are called. It decides which consent is required.",
    )
    purpose_assumed = models.BooleanField(
        default=False,
        editable=False,
        help_text="No purpose was chosen. It is required before real phones ring.",
    )
    prompt = models.TextField(blank=True)
    pathway_id = models.CharField(max_length=100, blank=True)
    pathway_version = models.CharField(max_length=40, blank=True)
    call_settings = CallSettingsField(default=dict, blank=True, validators=[validate_call_settings])
    policy = models.JSONField(default=dict, blank=True, editable=False)

    # Webhooks besides those of the webhook endpoints.
    status_webhook = models.CharField(
        max_length=2_000,
        blank=True,
        validators=[validate_webhook_url],
        help_text="An https URL that receives every status change, as in the Bland API.",
    )
    batch_webhook = models.CharField(
        max_length=2_000,
        blank=True,
        validators=[validate_webhook_url],
        help_text="An https URL that receives the final result, as in the Bland API.",
    )

    # Import and delivery.
    region = models.CharField(
        max_length=2, default="US", help_text="Country of numbers written without a country code."
    )
    duplicates = models.CharField(
        max_length=20, choices=DuplicateChoice.choices, default=DuplicateChoice.CALL_ONCE
    )
    chunk_size = models.PositiveIntegerField(default=default_chunk_size)
    cps = models.FloatField(
        "calls per second",
        null=True,
        blank=True,
        validators=[MinValueValidator(0.001)],
        help_text="Limit for this batch. Leave blank to use the account's limit.",
    )
    concurrency = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Maximum number of live calls of this batch. Leave blank to use the account's "
        "limit.",
    )
    budget = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text="In the account's currency. When it is used up, the batch pauses.",
    )
    spent = models.DecimalField(
        max_digits=14,
        decimal_places=5,
        default=Decimal(0),
        editable=False,
        help_text="What its ended calls cost, added up only for a batch with a budget.",
    )
    spent_counted_at = models.DateTimeField(null=True, editable=False)
    budget_warned = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        null=True,
        editable=False,
        help_text="The budget that was warned about.",
    )
    breaker_percent = models.PositiveSmallIntegerField(
        "failures that pause the batch",
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text="Percent of recent calls. Leave blank to use the account's limit. 0: never.",
    )
    next_slot_at = models.DateTimeField(null=True, editable=False)
    served_at = models.DateTimeField(
        null=True, editable=False, help_text="When its recipients last had their turn."
    )
    row_count = models.PositiveIntegerField(null=True, editable=False)
    ready_through = models.PositiveIntegerField(
        default=0, editable=False, help_text="Last row that was checked against all before it."
    )
    queued_through = models.PositiveIntegerField(
        default=0, editable=False, help_text="Last row of the chunks that went out."
    )

    rule_packs = models.JSONField(
        default=dict,
        editable=False,
        help_text="The version of each rule pack at the launch.",
    )

    set_by = models.JSONField(
        default=dict,
        editable=False,
        help_text="Who set call settings of each class, by the id of the user.",
    )
    dry_run = models.JSONField(default=dict, editable=False)

    # Schedule and authorship.
    launch_when_ready = models.BooleanField(
        default=False, help_text="Start calling as soon as the list is validated."
    )
    start_at = models.DateTimeField(null=True, blank=True)
    test_of = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="tests",
        help_text="The batch that this one tries out, with one call to a number of one's own.",
    )
    single_call_id = models.UUIDField(
        null=True,
        unique=True,
        editable=False,
        help_text="Call ID already returned to the API client (single calls only).",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    launched_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = BatchQuerySet["Batch"].as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = "batches"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="batch_newest"),
            models.Index(fields=["account", "status"], name="batch_by_account"),
        ]
        constraints = [
            CheckConstraint(condition=Q(status__in=BatchStatus.values), name="batch_status"),
            CheckConstraint(
                condition=(Q(status__in=sorted(BATCH_TERMINAL)) & ~Q(ended_at=None))
                | (~Q(status__in=sorted(BATCH_TERMINAL)) & Q(ended_at=None)),
                name="batch_terminal_iff_ended",
            ),
            CheckConstraint(
                # Neither is right where a persona or agent leads, or each row has its own.
                condition=Q(status=BatchStatus.DRAFT)
                | Q(status__in=sorted(BATCH_TERMINAL))
                | Q(prompt="")
                | Q(pathway_id=""),
                name="batch_prompt_or_pathway",
            ),
            CheckConstraint(
                condition=Q(duplicates__in=DuplicateChoice.values), name="batch_duplicates"
            ),
            CheckConstraint(condition=Q(purpose__in=Purpose.values), name="batch_purpose"),
            CheckConstraint(condition=Q(chunk_size__gte=1), name="batch_chunk_size_positive"),
            CheckConstraint(condition=Q(cps=None) | Q(cps__gt=0), name="batch_cps_positive"),
            CheckConstraint(
                condition=Q(concurrency=None) | Q(concurrency__gte=1),
                name="batch_concurrency_positive",
            ),
        ]
        permissions = [
            ("launch_batch", "Can launch a batch"),
            ("pause_batch", "Can pause and resume a batch"),
            ("cancel_batch", "Can cancel a batch"),
            ("export_batch", "Can export recipients and results of a batch"),
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def first_list(self) -> StoredList:
        """The list that the batch was created with; others may have been added later."""
        return self.lists.order_by("created_at", "pk")[0]

    @property
    def conversation(self) -> Conversation:
        """What leads its calls, except those of rows with a conversation of their own."""
        said = {"task": self.prompt, "pathway_id": self.pathway_id}
        said["pathway_version"] = self.pathway_version
        return Conversation.of({**self.call_settings, **said})

    @property
    def is_over(self) -> bool:
        """True when the batch has ended."""
        return self.status in BATCH_TERMINAL

    @property
    def awaits_correction(self) -> bool:
        """True for a checked draft of which no row can be called; its rows and report are kept."""
        return self.status == BatchStatus.DRAFT and self.reason_code == NOBODY_TO_CALL

    @property
    def can_be_corrected(self) -> bool:
        """False for calls to one number, which are placed anew instead."""
        return not self.is_test and self.single_call_id is None

    @property
    def is_test(self) -> bool:
        """True when the batch is a test of another batch."""
        return self.test_of_id is not None

    @property
    def is_chunked(self) -> bool:
        """True when the list is longer than one chunk."""
        return (self.row_count or 0) > self.chunk_size

    @cached_property
    def calling_hours(self) -> CallingHours:
        """The batch's calling hours, copied when it was created."""
        hours: dict[str, Any] = self.policy.get("calling_hours", {})
        return CallingHours.from_dict(hours) if hours else CallingHours.always()

    @cached_property
    def caps(self) -> Caps:
        """The batch's caps on calls to one number, copied when it was created."""
        return Caps.from_dict(self.policy.get("caps", {}))

    @cached_property
    def policy_now(self) -> CallingPolicy | None:
        """The policy as it is today: it can only narrow the rules that were copied.

        None if there was none or it was deleted. `gate.look_up_policies` sets it for many batches.
        """
        policy_id = self.policy.get("id")
        return CallingPolicy.objects.as_of_now([policy_id]).get(policy_id) if policy_id else None

    @property
    def consent_required(self) -> bool:
        """True when the policy allows only calls to people with recorded consent.

        A policy that became stricter requires it at once, a looser one never less than before.
        """
        today = self.policy_now
        now_required = today is not None and ConsentRule(today.consent_required).applies_to(
            Purpose(self.purpose)
        )
        return bool(self.policy.get("consent_required")) or now_required

    @cached_property
    def retry_policy(self) -> RetryPolicy:
        """The batch's retry policy, copied when it was created."""
        return RetryPolicy.from_dict(self.policy.get("retry", {}))
