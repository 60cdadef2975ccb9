"""Recipients: the rows of lists."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from batchcalls.models.querysets import RecipientQuerySet
from batchcalls.states import (
    RECIPIENT_CLAIMABLE,
    RECIPIENT_LEFT_OUT,
    RecipientOutcome,
    RecipientStatus,
)
from campaigns import e164
from campaigns.call_settings import ZoneSource
from campaigns.consent_demands import Evidence
from campaigns.places import jurisdictions, whereabouts
from campaigns.places.whereabouts import Whereabouts
from campaigns.settings_field import CallSettingsField

if TYPE_CHECKING:
    from batchcalls.models.batch import Batch

#: Code and sentence of a row that waits for its start time.
SCHEDULED = "start_time", "Scheduled for later."


@lru_cache(maxsize=4096)
def _by_number(number: str, row_zone: str) -> Whereabouts:
    return whereabouts.find(region="", number=e164.time_zones(number), row=row_zone)


@lru_cache(maxsize=4096)
def _places_of(number: str) -> str:
    parsed = e164.parse(number, region="ZZ")
    region = parsed.region if isinstance(parsed, e164.Number) else ""
    return ",".join(jurisdictions.of_number(number, region))


class Recipient(models.Model):
    """A number with its variables and status.

    ``due_at`` is when the row may next be dialed or, when unconfirmed, asked about. ``tries``
    counts how often the provider answered "not now" to the next attempt.
    """

    batch = models.ForeignKey(
        "batchcalls.Batch", on_delete=models.CASCADE, related_name="recipients", db_index=False
    )
    row_number = models.PositiveIntegerField(
        help_text="Row of the file; the header is row 1. Lists added later continue the count."
    )
    raw_number = models.CharField(max_length=200, blank=True)
    e164 = models.CharField("number", max_length=16, blank=True)
    phone_numbers = models.TextField(
        blank=True,
        help_text="Usable numbers of the row if there are several, the dialed one first, with "
        "commas between them.",
    )
    refused_numbers = models.TextField(
        blank=True,
        editable=False,
        help_text="Numbers that must not be called because of this row if there are several, with "
        "commas between them.",
    )
    region = models.CharField(
        max_length=3, blank=True, help_text="Country of the number; 001 for one of no country."
    )
    time_zones = models.TextField(
        blank=True, help_text="Where the recipient may be: IANA names, with commas between them."
    )
    zone_sources = models.CharField(
        max_length=40,
        blank=True,
        help_text="What the time zones come from: row, postcode, number, or state. Several, with "
        "commas between them, contradict each other, so that all zones count. Blank for rows "
        "older than this field, whose zones are found again when they are dialed.",
    )
    places = models.CharField(
        max_length=120,
        blank=True,
        help_text="Countries and states whose rules the recipient may be under (US-FL), with "
        "commas between them. Blank for rows older than this field: found again from the number.",
    )
    request_data = models.JSONField(default=dict, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    call_settings = CallSettingsField(default=dict, blank=True)
    consent = models.JSONField(
        default=dict,
        blank=True,
        help_text="What the list says about the person’s consent: kind, given_on, source, "
        "evidence.",
    )
    #: Names of variables whose values are not marked as data in a prompt, one a line.
    trusted = models.TextField(blank=True, editable=False)
    start_at = models.DateTimeField(null=True, blank=True)
    start_zone = models.CharField(
        max_length=10,
        blank=True,
        editable=False,
        choices=[(source.value, source.value) for source in ZoneSource],
        help_text="Whose time zone a start time without an offset was read in.",
    )

    status = models.CharField(
        max_length=20, choices=RecipientStatus.choices, default=RecipientStatus.PENDING
    )
    outcome = models.CharField(max_length=20, choices=RecipientOutcome.choices, blank=True)
    reason_code = models.CharField(max_length=60, blank=True)
    reason = models.TextField(blank=True)
    #: Pairs of a rule and its answer, from the last time the rules refused a call; the last one
    #: refused. Empty while a call is under way, which then has the answers.
    checks = models.JSONField(default=list, editable=False)
    checked_at = models.DateTimeField(null=True, editable=False)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    called = models.BooleanField(default=False, help_text="A provider took at least one call.")
    claim_token = models.UUIDField(null=True, editable=False)
    claimed_at = models.DateTimeField(null=True, editable=False)

    objects = RecipientQuerySet["Recipient"].as_manager()

    class Meta:
        ordering = ["batch_id", "row_number"]
        indexes = [
            models.Index(fields=["batch", "status", "outcome"], name="recipient_by_status"),
            models.Index(fields=["batch", "e164"], name="recipient_by_number"),
            # SQLite uses a partial index only if the query implies its condition without
            # parameters. Comparing ``due_at`` implies that it is not null; a list of statuses
            # would not imply a condition on ``status``.
            models.Index(
                fields=["batch", "due_at", "id"],
                condition=Q(due_at__isnull=False),
                name="recipient_due",
            ),
            models.Index(fields=["batch"], condition=Q(called=True), name="recipient_called"),
        ]
        constraints = [
            UniqueConstraint(fields=["batch", "row_number"], name="recipient_unique_row"),
            CheckConstraint(
                condition=Q(status__in=RecipientStatus.values), name="recipient_status"
            ),
            CheckConstraint(
                condition=(Q(status=RecipientStatus.DONE) & Q(outcome__in=RecipientOutcome.values))
                | (~Q(status=RecipientStatus.DONE) & Q(outcome="")),
                name="recipient_done_iff_outcome",
            ),
            CheckConstraint(
                # In the same order as in the migration.
                condition=Q(status__in=sorted(RECIPIENT_LEFT_OUT, reverse=True))
                | Q(e164__startswith="+"),
                name="recipient_callable_has_number",
            ),
            CheckConstraint(
                condition=~Q(status=RecipientStatus.SKIPPED) | ~Q(reason_code=""),
                name="recipient_skipped_has_reason",
            ),
            CheckConstraint(
                condition=~Q(status__in=sorted(RECIPIENT_CLAIMABLE)) | ~Q(due_at=None),
                name="recipient_claimable_has_due_time",
            ),
            CheckConstraint(
                condition=~Q(status=RecipientStatus.DIALING)
                | (~Q(claim_token=None) & ~Q(claimed_at=None)),
                name="recipient_dialing_has_claim",
            ),
        ]

    def __str__(self) -> str:
        return f"Row {self.row_number}: {self.e164 or self.raw_number or 'no number'}"

    @property
    def whereabouts(self) -> Whereabouts:
        """Return the time zones the recipient may be in, and what says so.

        Rows older than the sources are looked up again: their stored zones may be those of a call
        setting, or incomplete.
        """
        if self.zone_sources:
            return Whereabouts.from_stored(self.time_zones, self.zone_sources)
        return _by_number(self.e164, self.call_settings.get("timezone", ""))

    def starts_at(self, batch: Batch) -> datetime | None:
        """Return the later of the row's and the batch's start times, if there are any."""
        return max(filter(None, (self.start_at, batch.start_at)), default=None)

    def queue(self, batch: Batch, *, now: datetime) -> None:
        """Make an unsaved row due: now, or when it or its batch starts."""
        start = self.starts_at(batch)
        if start and start > now:
            self.status, self.due_at = RecipientStatus.DEFERRED, start
            self.reason_code, self.reason = SCHEDULED
        else:
            self.status, self.due_at = RecipientStatus.QUEUED, now

    @property
    def consent_evidence(self) -> Evidence:
        """What the list says about the person's consent."""
        return Evidence.from_dict(self.consent)

    @property
    def possible_places(self) -> str:
        """The countries and states that the recipient may be in, with commas between them."""
        return self.places or _places_of(self.e164)

    @property
    def all_numbers(self) -> list[str]:
        """The usable numbers of the row, the dialed one first."""
        return (
            self.phone_numbers.split(",") if self.phone_numbers else [self.e164] * bool(self.e164)
        )

    @property
    def numbers_refused(self) -> list[str]:
        """The numbers that a row with a refusal refuses, its own first."""
        if self.refused_numbers:
            return self.refused_numbers.split(",")
        return [self.e164] * bool(self.e164)
