"""Batches: made, looked at, changed, and told to go on or to stop."""

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

#: As long as that a client waits for a short list to be checked.
AT_ONCE_SECONDS = 20.0


class Batches(Listed, Steering, Reports):
    """Sends of one list each.

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
        """Leave test calls out of the list unless they are asked for."""
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

        From recipients (JSON), or from a CSV or XLSX file with what its columns become
        (multipart/form-data).

        It is a draft unless `launch` is true. With `dry_run` its list is checked and the report
        says what a launch would do; nobody is called. A long list is checked in the background:
        then the answer is 202, and `links.dry_run` tells when it is done.

        A recipient that cannot be called does not fail the batch: it is skipped with its reason.
        A request that is not of the form is refused whole.
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
        """Take forms with files where a batch is made."""
        is_making = getattr(self, "action_map", {}).get("post") in {"create", "rows"}
        return [BoundedJSONParser(), *([MultiPartParser()] if is_making else [])]

    @extend_schema(request=BatchChanges, responses=BatchSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what is sent: the name at any time, all else while the batch is a draft."""
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

        Such as rejected rows that were put right: the columns of a file become what they became in
        the first list, unless a mapping says otherwise. They are checked in the background and
        called as the batch is; a number that is called already is not called again.
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
