"""The rows about one number."""

from __future__ import annotations

from functools import cached_property

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet

from batchcalls.access import audit_values
from batchcalls.keeping.writings import Writings
from batchcalls.models import (
    AuditEntry,
    CallEvent,
    CallResult,
    ErasedNumber,
    OptOutReview,
    Recipient,
    WebhookDelivery,
)
from batchcalls.models.querysets import CallResultQuerySet, RecipientQuerySet
from campaigns import pseudonyms
from campaigns.models import Suppression, SuppressionQuerySet


class Person:
    """Whoever is reached at a number, as far as rows tell."""

    def __init__(self, e164: str) -> None:
        self.e164 = e164
        self.writings = Writings(e164)

    @property
    def spellings(self) -> list[str]:
        """The numbers that reach the same phone."""
        return self.writings.spellings

    @property
    def recipients(self) -> RecipientQuerySet[Recipient]:
        """The rows whose number, or whose only number in doubt, it is."""
        among = Q(e164__in=self.spellings)
        for one in self.spellings:
            among |= Q(e164="", refused_numbers__contains=one)
            among |= Q(e164="", phone_numbers__contains=one)
        return Recipient.objects.filter(among).order_by("pk")

    @cached_property
    def recipient_ids(self) -> list[int]:
        """The ids of the rows."""
        return list(self.recipients.values_list("pk", flat=True))

    @property
    def calls(self) -> CallResultQuerySet[CallResult]:
        """The calls to the number."""
        return CallResult.objects.filter(to_number__in=self.spellings).order_by("pk")

    @cached_property
    def call_ids(self) -> list[int]:
        """The ids of the calls."""
        return list(self.calls.values_list("pk", flat=True))

    @property
    def events(self) -> QuerySet[CallEvent]:
        """The provider's events about the calls."""
        return CallEvent.objects.filter(call__in=self.call_ids).order_by("pk")

    @property
    def deliveries(self) -> QuerySet[WebhookDelivery]:
        """The webhooks that reported the calls."""
        return WebhookDelivery.objects.filter(call__in=self.call_ids).order_by("pk")

    @property
    def reviews(self) -> QuerySet[OptOutReview]:
        """What was heard in the calls that may be an opt-out."""
        return OptOutReview.objects.filter(e164__in=self.spellings).order_by("pk")

    @property
    def entries(self) -> SuppressionQuerySet:
        """The do-not-call entries, by number or by hash."""
        return Suppression.objects.about(self.e164).order_by("pk")

    @property
    def notes(self) -> QuerySet[LogEntry]:
        """The log of the do-not-call list about the number."""
        kind = ContentType.objects.get_for_model(Suppression)
        return LogEntry.objects.filter(content_type=kind, object_repr__in=self.spellings).order_by(
            "pk"
        )

    @property
    def audit_entries(self) -> QuerySet[AuditEntry]:
        """The audit entries that refer to the number by its hash."""
        hashes = [one for number in self.spellings for one in audit_values.hashes_of_number(number)]
        return AuditEntry.objects.filter(number_hash__in=hashes).order_by("pk")

    @property
    def erased(self) -> ErasedNumber | None:
        """The latest erasure, if there was one."""
        names = pseudonyms.pseudonyms_of(self.e164)
        return ErasedNumber.objects.filter(pk__in=names).order_by("-erased_at").first()
