"""Batches: listed, created, changed, and controlled by their actions."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access.permissions import Need
from batchcalls.api import batch_actions, batch_reports
from batchcalls.api.authentication import actor_of, key_of
from batchcalls.api.batch_actions import LAUNCH, Steering
from batchcalls.api.batch_creation import (
    BatchChanges,
    BatchOfFile,
    BatchOfRecipients,
    RowsOfFile,
    RowsOfRecipients,
)
from batchcalls.api.batch_reports import VIEW, Reports
from batchcalls.api.batch_serializers import BatchSerializer, DryRunBatchSerializer
from batchcalls.api.idempotent import once
from batchcalls.api.parsing import BoundedJSONParser
from batchcalls.api.views import Listed
from batchcalls.batches import lifecycle
from batchcalls.intake import runner
from batchcalls.models import Batch, Scope
from batchcalls.reporting.filters.batches import BatchFilter
from batchcalls.states import BATCH_IMPORTING

#: How long a client waits at most for a short list to be checked.
AT_ONCE_SECONDS = 20.0


class Batches(Listed, Steering, Reports):
    """Batches, each of which calls one list of recipients.

    A batch keeps a copy of everything it is launched with, and is never deleted.
    """

    queryset = Batch.objects.select_related("created_by", "account")
    serializer_class = BatchSerializer
    filter_class = BatchFilter
    order = ("created_at", "pk")
    needs = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": Need(Scope.BATCHES_WRITE, "batchcalls.add_batch"),
        "partial_update": Need(Scope.BATCHES_WRITE, "batchcalls.change_batch"),
        "rows": Need(Scope.BATCHES_CONTROL, "batchcalls.change_batch", "batchcalls.launch_batch"),
        **batch_actions.NEEDS,
        **batch_reports.NEEDS,
    }
    problems = dict.fromkeys(["partial_update", "rows", *batch_actions.NEEDS], (409,))

    def get_queryset(self) -> QuerySet[Batch]:
        """Exclude test calls unless they are requested."""
        rows: QuerySet[Batch] = super().get_queryset()
        if self.action == "list" and not self.request.query_params.get("tests"):
            rows = rows.filter(test_of=None)
        return rows

    @extend_schema(
        request={"application/json": BatchOfRecipients, "multipart/form-data": BatchOfFile},
        responses={201: DryRunBatchSerializer, 202: DryRunBatchSerializer},
    )
    @once
    def create(self, request: Request) -> Response:
        """Create a batch.

        Send recipients (JSON), or a CSV or XLSX file with its column mapping (multipart/form-data).

        The batch is a draft unless `launch` is true. With `dry_run` its list is checked, and the
        report shows what a launch would do. This places no calls. A long list is checked in the
        background: the response is then 202, and `links.dry_run` shows when the check is done.

        A recipient that cannot be called does not fail the batch. It is skipped with a reason. A
        malformed request is rejected as a whole.
        """
        body: BatchOfFile | BatchOfRecipients
        if isinstance(request.data, QueryDict):
            body = BatchOfFile(data=request.data)
        else:
            body = BatchOfRecipients(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        if wanted["launch"]:
            LAUNCH.require(key_of(request))
        batch = body.make(actor=actor_of(request))
        if wanted["launch"] or wanted["dry_run"]:
            lifecycle.submit(batch, launch=wanted["launch"], actor=actor_of(request))
        if wanted["dry_run"] and body.is_short:
            runner.run_batch(batch.pk, seconds=AT_ONCE_SECONDS)
        batch.refresh_from_db()
        status = 202 if wanted["dry_run"] and batch.status in BATCH_IMPORTING else 201
        shown = dict(BatchSerializer(batch, context=self.get_serializer_context()).data)
        shown["dry_run"] = self.dry_run_of(batch) if wanted["dry_run"] else None
        return Response(shown, status=status, headers={"Location": shown["links"]["self"]})

    def get_parsers(self) -> list[Any]:
        """Accept forms with files for creating a batch and adding rows."""
        is_making = getattr(self, "action_map", {}).get("post") in {"create", "rows"}
        return [BoundedJSONParser(), *([MultiPartParser()] if is_making else [])]

    @extend_schema(request=BatchChanges, responses=BatchSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a batch.

        Its name can change at any time, everything else while it is a draft. Only the members that
        are sent change.
        """
        batch = self.get_object()
        body = BatchChanges(batch, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        body.apply(batch, actor=actor_of(request))
        return self.told()

    @extend_schema(
        request={"application/json": RowsOfRecipients, "multipart/form-data": RowsOfFile},
        responses={202: BatchSerializer},
    )
    @action(detail=True, methods=["post"])
    @once
    def rows(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add recipients to a batch.

        For example, corrected rejected rows. The columns of a file map as in the first list unless
        a mapping says otherwise. The rows are checked in the background and called as part of the
        batch. A number that was already called is not called again.
        """
        batch = self.get_object()
        body: RowsOfFile | RowsOfRecipients
        if isinstance(request.data, QueryDict):
            body = RowsOfFile(data=request.data)
        else:
            body = RowsOfRecipients(data=request.data)
        body.is_valid(raise_exception=True)
        body.join(batch, actor=actor_of(request))
        answer = self.told()
        answer.status_code = 202
        return answer
