"""The rows of a batch, and its log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access.permissions import Need
from batchcalls.api.batch_members import RECIPIENT
from batchcalls.api.batch_serializers import EventSerializer
from batchcalls.api.fields import TextsField, help_texts
from batchcalls.api.settings_schema import SHOWN_ROW_SETTINGS
from batchcalls.api.views import ApiView, Listed
from batchcalls.api.why import WhySerializer, explained
from batchcalls.models import Batch, BatchEvent, Recipient, Scope
from batchcalls.reporting.explaining import decisions_about
from batchcalls.reporting.filters.recipients import RecipientFilter
from batchcalls.states import RecipientOutcome
from campaigns.call_settings import without_secrets

BATCH_ID = OpenApiParameter(
    "batch_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="ID of the batch."
)


class RecipientSerializer(serializers.ModelSerializer[Recipient]):
    """A row of a batch's list, and its result."""

    phone_numbers = serializers.ListField(
        source="all_numbers",
        child=serializers.CharField(),
        read_only=True,
        help_text="Usable numbers of the row in the order of its phone columns; `e164` is dialed.",
    )
    request_data = TextsField(read_only=True, help_text=RECIPIENT["request_data"])
    metadata = TextsField(read_only=True, help_text=RECIPIENT["metadata"])
    call_settings = serializers.SerializerMethodField(help_text=RECIPIENT["call_settings"])
    consent = TextsField(
        read_only=True,
        help_text="What the list states about the person's consent, as far as it does: `kind` "
        "(given, express, express_written), `given_on`, `source`, `evidence`, and `unclear`, which "
        "says what could not be read.",
    )
    outcome = serializers.ChoiceField(
        choices=RecipientOutcome.choices,
        allow_blank=True,
        read_only=True,
        help_text=RECIPIENT["outcome"],
    )

    class Meta:
        model = Recipient
        fields = [
            "id",
            "row_number",
            "raw_number",
            "e164",
            "phone_numbers",
            "region",
            "time_zones",
            "zone_sources",
            "request_data",
            "metadata",
            "call_settings",
            "consent",
            "start_at",
            "status",
            "outcome",
            "reason_code",
            "reason",
            "due_at",
            "attempts",
        ]
        read_only_fields = fields
        extra_kwargs = help_texts(**RECIPIENT)

    @extend_schema_field(SHOWN_ROW_SETTINGS)
    def get_call_settings(self, recipient: Recipient) -> dict[str, Any]:
        """Return the row's own settings, without those that may hold secrets."""
        return without_secrets(recipient.call_settings)


class OfABatch(ApiView):
    """Rows that belong to one batch. Rows of other batches are not found."""

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows of the batch in the URL."""
        rows: QuerySet[Any] = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        batch = get_object_or_404(_batches(self.kwargs["batch_id"]))
        return rows.filter(batch=batch)


def _batches(text: str) -> QuerySet[Batch]:
    try:
        return Batch.objects.filter(pk=UUID(text)).only("pk")
    except ValueError:
        return Batch.objects.none()


@extend_schema(parameters=[BATCH_ID])
class Recipients(Listed, OfABatch):
    """The rows of a batch's list, each with its result."""

    queryset = Recipient.objects.all()
    nouns = ("recipient of a batch", "recipients of a batch")
    serializer_class = RecipientSerializer
    filter_class = RecipientFilter
    order = ("row_number",)
    ascending = True
    needs = {
        "list": Need(Scope.BATCHES_READ, "batchcalls.view_batch", "batchcalls.view_recipient"),
        "retrieve": Need(Scope.BATCHES_READ, "batchcalls.view_batch", "batchcalls.view_recipient"),
        "why": Need(
            Scope.BATCHES_READ,
            *("batchcalls.view_batch", "batchcalls.view_recipient", "batchcalls.view_callresult"),
        ),
    }

    @extend_schema(responses=WhySerializer)
    @action(detail=True)
    def why(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Explain why a person was or was not called.

        Each decision has the verdict of every rule, with what the rule decided by at that moment.
        """
        recipient = self.get_object()
        return Response(explained(recipient, decisions_about(recipient)))


@extend_schema(parameters=[BATCH_ID])
class Events(mixins.ListModelMixin, OfABatch):
    """The log of a batch in order: who did what, and what happened."""

    queryset = BatchEvent.objects.select_related("actor")
    nouns = ("event of a batch", "events of a batch")
    serializer_class = EventSerializer
    ascending = True
    needs = {
        "list": Need(Scope.BATCHES_READ, "batchcalls.view_batch", "batchcalls.view_batchevent"),
    }
