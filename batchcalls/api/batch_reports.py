"""Reports about a batch: its progress, its dry run, its settings and its results."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access import audit
from batchcalls.access.permissions import Need
from batchcalls.api import files
from batchcalls.api.batch_serializers import (
    BatchSerializer,
    ProgressSerializer,
    SettingsSerializer,
    totals_in_full,
)
from batchcalls.api.dry_run_serializers import DryRunSerializer
from batchcalls.api.problems import MOST_ERRORS
from batchcalls.api.views import ApiView
from batchcalls.calling import budget
from batchcalls.drafting.recipient_objects import FILE_NAME, FIRST_ROW
from batchcalls.models import AuditAction, Batch, ListPart, Recipient, Scope, StoredList
from batchcalls.reporting import batch_figures
from batchcalls.reporting.blocking import blockers_of
from batchcalls.reporting.exports import batch_tables
from batchcalls.states import BATCH_IMPORTING

VIEW = Need(Scope.BATCHES_READ, "batchcalls.view_batch")
TAKE_OUT = Need(Scope.BATCHES_READ, "batchcalls.view_batch", "batchcalls.export_batch")
NEEDS = {
    "progress": VIEW,
    "dry_run": VIEW,
    "snapshot": VIEW,
    "rejected": TAKE_OUT,
    "results": TAKE_OUT,
}


class Reports(ApiView):
    """The reports about a batch."""

    @extend_schema(responses=ProgressSerializer)
    @action(detail=True)
    def progress(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Get the progress of a batch.

        It is counted from the rows at the time of the request. Ask again until `is_over` is true.
        """
        batch = self.get_object()
        totals = batch_figures.totals_of([batch])[batch.pk]
        figures = batch_figures.current(batch, totals)
        waiting = StoredList.objects.waiting().filter(batch=batch)
        rows, checked = ListPart.objects.filter(stored_list__batch=batch).progress()
        told = {
            "status": batch.status,
            "is_over": batch.is_over,
            "blocked_by": blockers_of([batch])[batch.pk],
            "totals": totals_in_full(totals),
            "checking": {"rows": rows, "checked": checked, "waits_for": waiting.reason()},
            "calls_per_second": figures.calls_per_second,
            "seconds_left": figures.seconds_left,
            "costs": {currency: f"{cost:f}" for currency, cost in figures.costs.items()},
            "budget": budget.of_batch(batch),
        }
        return Response(ProgressSerializer(told).data)

    @extend_schema(responses=DryRunSerializer)
    @action(detail=True, url_path="dry-run")
    def dry_run(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Preview what a launch would do.

        The report is of the rows that are checked so far; `is_done` says whether these are all.
        """
        return Response(self.dry_run_of(self.get_object()))

    @extend_schema(responses=SettingsSerializer)
    @action(detail=True, url_path="settings", url_name="settings")
    def snapshot(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Get the settings a batch was launched with.

        This is a copy: later changes to the campaign do not affect it. Call settings that may hold
        secrets are omitted.
        """
        return Response(SettingsSerializer(self.get_object()).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, renderer_classes=[files.CsvRenderer])
    def rejected(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Export the skipped rows as CSV.

        Contains the rows as they were uploaded, with the reason in the last column. Correct the
        file and add it to the same batch.
        """
        batch = self.get_object()
        audit.record(AuditAction.EXPORTED, batch, note="rejected.csv")
        return files.csv_of(batch_tables.rejected(batch))

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, renderer_classes=[files.CsvRenderer])
    def results(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Export every row with its result as CSV.

        The original columns come first. For the results as JSON pages, use `/api/v1/calls?batch=…`.
        """
        batch = self.get_object()
        audit.record(AuditAction.EXPORTED, batch, note="results.csv")
        return files.csv_of(batch_tables.results(batch))

    def dry_run_of(self, batch: Batch) -> dict[str, Any]:
        shown = BatchSerializer(context=self.get_serializer_context()).get_links(batch)
        rows = Recipient.objects.filter(batch=batch).skipped()
        first = batch.lists.order_by("created_at", "pk").first()
        is_body = first is not None and first.file_name == FILE_NAME
        told = {
            "status": batch.status,
            # A single call is checked before it is stored, and has no report.
            "is_done": (bool(batch.dry_run) or batch.single_call_id is not None)
            and batch.status not in BATCH_IMPORTING,
            "report": batch.dry_run or None,
            "rejected": {
                "count": rows.count(),
                "errors": [
                    {
                        "pointer": f"/recipients/{row.row_number - FIRST_ROW}" if is_body else "",
                        "row": row.row_number,
                        "raw_number": row.raw_number,
                        "code": row.reason_code,
                        "detail": row.reason,
                    }
                    for row in rows.only("row_number", "raw_number", "reason_code", "reason")[
                        :MOST_ERRORS
                    ]
                ],
                "url": shown["rejected"],
            },
        }
        return DryRunSerializer(told).data
