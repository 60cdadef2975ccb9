"""Batches: made, looked at, changed, and told to go on or to stop."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls import batch_figures, cloning, draft_edits, lifecycle, retrying
from batchcalls.api import files
from batchcalls.api.batch_making import (
    BatchChanges,
    BatchOfFile,
    BatchOfRecipients,
    RowsOfFile,
    RowsOfRecipients,
)
from batchcalls.api.batch_shapes import (
    BatchSerializer,
    DryRunBatchSerializer,
    DryRunSerializer,
    ProgressSerializer,
    SettingsSerializer,
    totals_in_full,
)
from batchcalls.api.members import Strict
from batchcalls.api.needs import Need, check
from batchcalls.api.once import once
from batchcalls.api.parsing import BoundedJSONParser
from batchcalls.api.problems import MOST_ERRORS, Problem
from batchcalls.api.views import ApiView, Listed
from batchcalls.exports import batch_tables
from batchcalls.filters.batches import BatchFilter
from batchcalls.importing import runner
from batchcalls.models import Batch, ListPart, Recipient, Scope
from batchcalls.recipient_objects import FILE_NAME, FIRST_ROW
from batchcalls.states import BATCH_IMPORTING, BatchStatus

#: As long as that a client waits for a short list to be checked.
AT_ONCE_SECONDS = 20.0
READ, WRITE, CONTROL = Scope.BATCHES_READ, Scope.BATCHES_WRITE, Scope.BATCHES_CONTROL
_LAUNCH = Need(CONTROL, "batchcalls.launch_batch")
_VIEW = Need(READ, "batchcalls.view_batch")
_TAKE_OUT = Need(READ, "batchcalls.view_batch", "batchcalls.export_batch")


class CancelSerializer(Strict):
    hang_up = serializers.BooleanField(
        default=False, help_text="End live calls too; else conversations end by themselves."
    )


class CloneSerializer(Strict):
    with_list = serializers.BooleanField(default=False, help_text="Take the list over.")


class RetrySerializer(Strict):
    outcomes = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(retrying.RETRIABLE)),
        min_length=1,
        help_text="Those who ended so are called once more.",
    )


class RetriedSerializer(serializers.Serializer[Any]):
    retried = serializers.IntegerField(help_text="Recipients that are called once more.")
    batch = BatchSerializer()


class Batches(Listed, ApiView):
    """Sends of one list each.

    A batch keeps a copy of everything it is launched with, and is never deleted.
    """

    queryset = Batch.objects.select_related("created_by", "account")
    serializer_class = BatchSerializer
    filter_class = BatchFilter
    order = ("created_at", "pk")
    needs = {
        "list": _VIEW,
        "retrieve": _VIEW,
        "create": Need(WRITE, "batchcalls.add_batch"),
        "partial_update": Need(WRITE, "batchcalls.change_batch"),
        "launch": _LAUNCH,
        "check": Need(WRITE, "batchcalls.change_batch"),
        "rows": Need(CONTROL, "batchcalls.change_batch", "batchcalls.launch_batch"),
        "pause": Need(CONTROL, "batchcalls.pause_batch"),
        "resume": Need(CONTROL, "batchcalls.pause_batch"),
        "cancel": Need(CONTROL, "batchcalls.cancel_batch"),
        "retry": _LAUNCH,
        "clone": Need(WRITE, "batchcalls.add_batch", "batchcalls.view_batch"),
        "progress": _VIEW,
        "dry_run": _VIEW,
        "snapshot": _VIEW,
        "rejected": _TAKE_OUT,
        "results": _TAKE_OUT,
    }
    problems = dict.fromkeys(
        [
            "partial_update",
            "launch",
            "rows",
            "check",
            "pause",
            "resume",
            "cancel",
            "retry",
            "clone",
        ],
        (409,),
    )

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
            check(request, _LAUNCH)
        batch = body.make(actor=request.user)
        if wanted["launch"] or wanted["dry_run"]:
            lifecycle.submit(batch, launch=wanted["launch"], actor=_actor(request))
        if wanted["dry_run"] and body.is_short:
            runner.run_batch(batch.pk, seconds=AT_ONCE_SECONDS)
        batch.refresh_from_db()
        status = 202 if wanted["dry_run"] and batch.status in BATCH_IMPORTING else 201
        shown = dict(BatchSerializer(batch, context=self.get_serializer_context()).data)
        shown["dry_run"] = self._dry_run(batch) if wanted["dry_run"] else None
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
        body.apply(batch, actor=_actor(request))
        return self._told()

    @extend_schema(request=None, responses=BatchSerializer)
    @action(detail=True, methods=["post"])
    def launch(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Launch a batch.

        A draft is checked first, and calls begin as soon as that is done; a batch that is ready
        begins at once.
        """
        batch = self.get_object()
        if batch.status == BatchStatus.DRAFT:
            draft_edits.submit(batch, launch=True, actor=_actor(request))
        else:
            lifecycle.launch(batch, actor=_actor(request))
        return self._told()

    @extend_schema(request=None, responses=BatchSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Check the list of a draft.

        Row by row, in the background; then the batch is ready, and its dry run tells what a launch
        would do. Nobody is called.
        """
        draft_edits.submit(self.get_object(), actor=_actor(request))
        return self._told()

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
        body.join(batch, actor=_actor(request))
        answer = self._told()
        answer.status_code = 202
        return answer

    @extend_schema(request=None, responses=BatchSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Pause a batch.

        Nobody is dialled until it is resumed; conversations go on.
        """
        lifecycle.pause(self.get_object(), actor=_actor(request))
        return self._told()

    @extend_schema(request=None, responses=BatchSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Go on with a paused batch."""
        lifecycle.resume(self.get_object(), actor=_actor(request))
        return self._told()

    @extend_schema(request=CancelSerializer, responses=BatchSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Cancel a batch.

        Whatever is not placed yet never is. Conversations end by themselves, or with `hang_up` at
        once.
        """
        body = CancelSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        hang_up = body.validated_data["hang_up"]
        lifecycle.cancel(self.get_object(), actor=_actor(request), hang_up=hang_up)
        return self._told()

    @extend_schema(request=RetrySerializer, responses=RetriedSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Call some recipients of a finished batch once more."""
        batch = self.get_object()
        body = RetrySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        outcomes = set(body.validated_data["outcomes"])
        count = retrying.retry(batch, outcomes=outcomes, actor=_actor(request))
        return Response({"retried": count, "batch": self._told().data})

    @extend_schema(request=CloneSerializer, responses={201: BatchSerializer})
    @action(detail=True, methods=["post"])
    @once
    def clone(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a new draft that sends what this batch sent."""
        batch = self.get_object()
        body = CloneSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with_list = body.validated_data["with_list"]
        try:
            copy = cloning.clone(batch, with_list=with_list, actor=_actor(request))
        except FileNotFoundError as error:
            raise Problem(409, "file_missing", "The file of its list is gone.") from error
        shown = self.get_serializer(copy).data
        return Response(shown, status=201, headers={"Location": shown["links"]["self"]})

    @extend_schema(responses=ProgressSerializer)
    @action(detail=True)
    def progress(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Tell how far a batch is."""
        batch = self.get_object()
        totals = batch_figures.totals_of([batch])[batch.pk]
        key = f"figures:{batch.pk}:{batch.status}"  # as on its page
        figures = batch_figures.remembered(key, lambda: batch_figures.figures_of(batch, totals))
        rows, checked = ListPart.objects.filter(stored_list__batch=batch).progress()
        told = {
            "status": batch.status,
            "is_over": batch.is_over,
            "totals": totals_in_full(totals),
            "checking": {"rows": rows, "checked": checked},
            "calls_per_second": figures.calls_per_second,
            "seconds_left": figures.seconds_left,
            "costs": {currency: f"{cost:f}" for currency, cost in figures.costs.items()},
        }
        return Response(ProgressSerializer(told).data)

    @extend_schema(responses=DryRunSerializer)
    @action(detail=True, url_path="dry-run")
    def dry_run(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Tell what a launch would do, as far as the list is checked."""
        return Response(self._dry_run(self.get_object()))

    @extend_schema(responses=SettingsSerializer)
    @action(detail=True, url_path="settings", url_name="settings")
    def snapshot(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Tell what a batch was launched with.

        A copy, which later changes of its campaign do not reach. Call settings that may hold
        secrets are not shown.
        """
        return Response(SettingsSerializer(self.get_object()).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, renderer_classes=[files.CsvRenderer])
    def rejected(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Take out the rows that were skipped, as CSV.

        As they were uploaded, with the reason in the last column: put right, the file can be
        added to the same batch.
        """
        return files.csv_of(batch_tables.rejected(self.get_object()))

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, renderer_classes=[files.CsvRenderer])
    def results(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Take out every row with its result, as CSV.

        The original columns come first. As pages of JSON the results are under
        `/api/v1/calls?batch=…`.
        """
        return files.csv_of(batch_tables.results(self.get_object()))

    def _told(self) -> Response:
        """Return the batch as it is now."""
        return Response(self.get_serializer(self.get_object()).data)

    def _dry_run(self, batch: Batch) -> dict[str, Any]:
        shown = BatchSerializer(context=self.get_serializer_context()).get_links(batch)
        rows = Recipient.objects.filter(batch=batch).skipped()
        first = batch.lists.order_by("created_at", "pk").first()
        is_body = first is not None and first.file_name == FILE_NAME
        told = {
            "status": batch.status,
            "is_done": bool(batch.dry_run) and batch.status not in BATCH_IMPORTING,
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


def _actor(request: Request) -> Any:
    return request.user
