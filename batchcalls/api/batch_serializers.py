"""Serializers of a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from dataclasses import fields as dataclass_fields
from typing import Any, TypeVar
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from batchcalls.api.batch_members import BATCH
from batchcalls.api.dry_run_serializers import DryRunSerializer
from batchcalls.api.fields import help_texts
from batchcalls.api.settings_schema import SHOWN_SETTINGS
from batchcalls.calling.budget import Period
from batchcalls.intake import file_formats
from batchcalls.lists.encodings import Certainty
from batchcalls.models import Batch, BatchEvent, StoredList
from batchcalls.models.launched_with import Use, names_of
from batchcalls.models.querysets import Totals
from batchcalls.reporting import batch_figures
from batchcalls.reporting.blocking import blockers_of
from batchcalls.states import BatchStatus
from campaigns.call_settings import without_secrets

ValueT = TypeVar("ValueT")

#: The links of a batch, by URL name.
LINKS = {
    "self": "batch-detail",
    "recipients": "recipient-list",
    "events": "event-list",
    "progress": "batch-progress",
    "dry_run": "batch-dry-run",
    "rejected": "batch-rejected",
    "results": "batch-results",
    "settings": "batch-settings",
}


#: What each figure of `Totals` counts.
_FIGURES = {
    "rows": "All rows of its lists.",
    "called": "Rows with at least one call accepted by a provider.",
    "reached": "Rows whose call a person answered.",
    "voicemail": "Rows whose call a voicemail answered.",
    "not_reached": "Rows whose calls no one answered, after all retries.",
    "failed": "Rows whose call failed.",
    "skipped": "Rows that are not called, each with its reason.",
    "unconfirmed": "Rows of which it is not known whether a call was placed.",
    "canceled": "Rows that were canceled before they were called.",
    "waiting": "Rows that are still to be called.",
    "live": "Rows whose call is live.",
}


class TotalsSerializer(serializers.Serializer[Any]):
    """Row counts of a batch. All except ``called`` and ``finished`` add up to ``rows``."""

    finished = serializers.IntegerField(help_text="Rows with a final result.")

    def get_fields(self) -> dict[str, Any]:
        """Return a field for each figure of `Totals`, then the computed fields."""
        figures = {
            field.name: serializers.IntegerField(help_text=_FIGURES.get(field.name))
            for field in dataclass_fields(Totals)
        }
        return {**figures, **super().get_fields()}


_BLOCKED_BY = (
    "All that keeps the batch from placing calls, in the order in which it has to end. Empty while "
    "calls are placed, and when no one is left to call."
)


class WaitingSerializer(serializers.Serializer[Any]):
    """One reason why a batch is placing no calls."""

    code = serializers.CharField(
        help_text="For example `not_launched`, `list_importing`, `paused`, `emergency_stop`, "
        "`account_off`, `account_held`, `calling_hours`, `capped`, `retry_time`, or `no_worker`."
    )
    message = serializers.CharField(help_text="The reason in words.")
    until = serializers.DateTimeField(allow_null=True, help_text="Null if unknown.")


class FileFormatSerializer(serializers.Serializer[Any]):
    """How a list was read. What does not apply to the kind of file is null."""

    file_name = serializers.CharField(help_text="Name of the uploaded file.")
    encoding = serializers.CharField(allow_null=True, help_text="Python's name, such as `cp1252`.")
    delimiter = serializers.CharField(allow_null=True, help_text="What separates the cells.")
    certainty = serializers.ChoiceField(
        choices=[str(one) for one in Certainty],
        allow_null=True,
        help_text="Of the encoding. When `unsure`, compare some values, and send `encoding`.",
    )
    other_encoding = serializers.CharField(
        allow_null=True, help_text="The next likeliest encoding, unless it is certain."
    )
    sheet = serializers.CharField(allow_null=True, help_text="The sheet that was read.")
    sheets = serializers.ListField(
        child=serializers.CharField(), help_text="All visible sheets of the workbook."
    )
    include_hidden = serializers.BooleanField(help_text="Whether hidden cells were read too.")
    hidden_rows = serializers.IntegerField(help_text="Hidden rows that were left out.")
    hidden_columns = serializers.IntegerField(help_text="Hidden columns that were left out.")


class LinksSerializer(serializers.Serializer[Any]):
    """URLs of a batch and of what belongs to it."""

    self = serializers.URLField(help_text="The batch.")
    recipients = serializers.URLField(help_text="Its rows, each with its result.")
    events = serializers.URLField(help_text="Its log.")
    progress = serializers.URLField(help_text="Its progress.")
    dry_run = serializers.URLField(help_text="What a launch would do.")
    rejected = serializers.URLField(help_text="The rows that were skipped, as CSV, and why.")
    results = serializers.URLField(help_text="Every row with its result, as CSV.")
    settings = serializers.URLField(help_text="What the batch was launched with.")
    calls = serializers.URLField(help_text="Its calls.")


class BatchSerializer(serializers.ModelSerializer[Batch]):
    """One send of one list of recipients."""

    created_by = serializers.CharField(
        source="created_by.username",
        default=None,
        read_only=True,
        allow_null=True,
        help_text=BATCH["created_by"],
    )
    blocked_by = serializers.SerializerMethodField(help_text=_BLOCKED_BY)
    totals = serializers.SerializerMethodField(help_text="Row counts by result.")
    lists = serializers.SerializerMethodField(help_text="How each of its files was read.")
    links = serializers.SerializerMethodField(help_text="URLs of what belongs to it.")

    class Meta:
        model = Batch
        fields = [
            "id",
            "name",
            "status",
            "reason_code",
            "reason",
            "campaign",
            "account",
            "purpose",
            "region",
            "duplicates",
            "cps",
            "concurrency",
            "budget",
            "breaker_percent",
            "start_at",
            "row_count",
            "test_of",
            "created_by",
            "created_at",
            "launched_at",
            "ended_at",
            "blocked_by",
            "totals",
            "lists",
            "links",
        ]
        read_only_fields = fields
        extra_kwargs = help_texts(**BATCH)

    @extend_schema_field(TotalsSerializer)
    def get_totals(self, batch: Batch) -> dict[str, int]:
        """Count the rows."""
        return totals_in_full(self._for_all("totals", batch, batch_figures.totals_of)[batch.pk])

    @extend_schema_field(FileFormatSerializer(many=True))
    def get_lists(self, batch: Batch) -> list[dict[str, Any]]:
        """Return the file formats of the lists."""
        return self._for_all("lists", batch, _formats_of)[batch.pk]

    @extend_schema_field(WaitingSerializer(many=True))
    def get_blocked_by(self, batch: Batch) -> Any:
        """Return why the batch waits."""
        reasons = self._for_all("blockers", batch, blockers_of)[batch.pk]
        return WaitingSerializer(reasons, many=True).data

    def _for_all(
        self, name: str, batch: Batch, compute: Callable[[list[Batch]], dict[UUID, ValueT]]
    ) -> dict[UUID, ValueT]:
        """Compute a value for all batches of a page together, once."""
        context: dict[str, Any] = self.context  # type: ignore[assignment]
        covered: set[UUID] = context.setdefault(f"{name} of", set())
        known: dict[UUID, ValueT] = context.setdefault(name, {})
        if batch.pk not in covered:
            listed: Any = self.parent.instance if self.parent is not None else [batch]
            known.update(compute(list(listed)))
            covered.update(one.pk for one in listed)
        return known

    @extend_schema_field(LinksSerializer)
    def get_links(self, batch: Batch) -> dict[str, str]:
        """Return the URLs of related resources."""
        request = self.context["request"]
        found = {name: reverse(f"api:v1:{view}", args=[batch.pk]) for name, view in LINKS.items()}
        found["calls"] = f"{reverse('api:v1:call-list')}?batch={batch.pk}"
        return {name: request.build_absolute_uri(path) for name, path in found.items()}


def _formats_of(batches: list[Batch]) -> dict[UUID, list[dict[str, Any]]]:
    formats: dict[UUID, list[dict[str, Any]]] = {batch.pk: [] for batch in batches}
    lists = StoredList.objects.filter(batch__in=batches).order_by("row_offset", "created_at")
    for stored in lists.defer("headers", "samples", "mapping"):
        formats[stored.batch_id].append(file_formats.as_json(stored))  # type: ignore[index]
    return formats


def totals_in_full(totals: Totals) -> dict[str, int]:
    """Return the figures by name."""
    return {**asdict(totals), "finished": totals.finished}


class SettingsSerializer(serializers.ModelSerializer[Batch]):
    """Settings a batch was launched with: a copy, unaffected by later changes to its campaign."""

    call_settings = serializers.SerializerMethodField(help_text=BATCH["call_settings"])
    policy = serializers.SerializerMethodField(help_text=BATCH["policy"])
    rule_packs = serializers.DictField(
        child=serializers.CharField(),
        read_only=True,
        help_text="The version of each rule pack at the launch. The newest always holds.",
    )

    class Meta:
        model = Batch
        fields = names_of(Use.TOLD)
        read_only_fields = fields
        extra_kwargs = help_texts(**BATCH)

    @extend_schema_field(SHOWN_SETTINGS)
    def get_call_settings(self, batch: Batch) -> dict[str, Any]:
        """Return the settings of all calls, without those that may hold secrets."""
        return without_secrets(batch.call_settings)

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_policy(self, batch: Batch) -> dict[str, Any]:
        """Return the calling policy as plain data."""
        return dict(batch.policy)


class EventSerializer(serializers.ModelSerializer[BatchEvent]):
    """An entry in the log of a batch."""

    actor = serializers.CharField(
        source="actor.username",
        default=None,
        read_only=True,
        allow_null=True,
        help_text="Name of the user who did it; null if no user did.",
    )

    from_status = serializers.ChoiceField(
        choices=BatchStatus.choices,
        allow_blank=True,
        read_only=True,
        help_text="The status before; blank if it did not change.",
    )
    to_status = serializers.ChoiceField(
        choices=BatchStatus.choices,
        allow_blank=True,
        read_only=True,
        help_text="The status after; blank if it did not change.",
    )

    class Meta:
        model = BatchEvent
        fields = ["id", "at", "from_status", "to_status", "actor", "code", "message"]
        read_only_fields = fields
        extra_kwargs = help_texts(
            at="When it happened.",
            code="What happened, for programs; blank for a change of status.",
            message="What happened, in words.",
        )


class TakingInSerializer(serializers.Serializer[Any]):
    """Progress of the check of a batch's lists."""

    rows = serializers.IntegerField(help_text="Rows that were read from the lists so far.")
    checked = serializers.IntegerField(help_text="Rows of them that were checked.")
    waits_for = serializers.CharField(
        help_text="Why the check waits for a disk that is full or away; blank when it does not."
    )


class BudgetUseSerializer(serializers.Serializer[Any]):
    """A budget and its use, in ``currency``. Calls that have not ended count as reserved."""

    period = serializers.ChoiceField(
        choices=[one.value for one in Period], help_text="What the budget is for."
    )
    limit = serializers.DecimalField(max_digits=12, decimal_places=2, help_text="The budget.")
    spent = serializers.DecimalField(
        max_digits=14, decimal_places=5, help_text="What the ended calls cost."
    )
    reserved = serializers.DecimalField(
        max_digits=14, decimal_places=5, help_text="The most that the other calls can cost."
    )
    left = serializers.DecimalField(
        max_digits=14, decimal_places=5, help_text="What is left for further calls."
    )
    currency = serializers.CharField(help_text="The account's currency (ISO 4217).")


class ProgressSerializer(serializers.Serializer[Any]):
    """Progress of a batch."""

    status = serializers.CharField(help_text=BATCH["status"])
    is_over = serializers.BooleanField(help_text="Whether the status is final.")
    blocked_by = WaitingSerializer(many=True, help_text=_BLOCKED_BY)
    totals = TotalsSerializer(help_text="Row counts by result.")
    checking = TakingInSerializer(help_text="Progress of the check of its lists.")
    calls_per_second = serializers.FloatField(help_text="Over the last ten seconds.")
    seconds_left = serializers.FloatField(
        allow_null=True,
        help_text="At the current speed; null if nothing is waiting or calls are not progressing.",
    )
    costs = serializers.DictField(
        child=serializers.CharField(), help_text="What the calls cost so far, by currency."
    )
    budget = BudgetUseSerializer(allow_null=True, help_text="Null without a budget.")


class DryRunBatchSerializer(BatchSerializer):
    """A batch, and what launching it would do."""

    dry_run = DryRunSerializer(read_only=True, allow_null=True, help_text="Null unless requested.")

    class Meta(BatchSerializer.Meta):
        fields = [*BatchSerializer.Meta.fields, "dry_run"]
        read_only_fields = fields
