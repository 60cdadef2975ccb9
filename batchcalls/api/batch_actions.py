"""Actions on a batch: launch, check, pause, resume, cancel, retry, clone."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access.permissions import Need
from batchcalls.api.authentication import actor_of
from batchcalls.api.batch_serializers import BatchSerializer
from batchcalls.api.fields import BudgetField, Strict
from batchcalls.api.idempotent import once
from batchcalls.api.parsing import without_body
from batchcalls.api.problems import Problem
from batchcalls.api.views import ApiView
from batchcalls.batches import budgets, lifecycle, retrying
from batchcalls.drafting import copying, edits
from batchcalls.intake import refusals
from batchcalls.models import Scope

WRITE, CONTROL = Scope.BATCHES_WRITE, Scope.BATCHES_CONTROL
LAUNCH = Need(CONTROL, "batchcalls.launch_batch")
NEEDS = {
    "launch": LAUNCH,
    "check": Need(WRITE, "batchcalls.change_batch"),
    "pause": Need(CONTROL, "batchcalls.pause_batch"),
    "resume": Need(CONTROL, "batchcalls.pause_batch"),
    "cancel": Need(CONTROL, "batchcalls.cancel_batch"),
    "retry": LAUNCH,
    "budget": LAUNCH,
    "clone": Need(WRITE, "batchcalls.add_batch", "batchcalls.view_batch"),
    "suppress_refused": Need(
        Scope.DO_NOT_CALL_WRITE, "campaigns.add_suppression", "batchcalls.view_batch"
    ),
}


class CancelSerializer(Strict):
    """How to cancel a batch."""

    hang_up = serializers.BooleanField(
        default=False,
        help_text="Hang up live calls too. Otherwise, conversations run to their end.",
    )


class BudgetSerializer(Strict):
    """The new budget of a batch."""

    budget = BudgetField(allow_null=True)


class CloneSerializer(Strict):
    """What the new draft takes over."""

    with_list = serializers.BooleanField(default=False, help_text="Keep the recipient list.")


class RetrySerializer(Strict):
    """Whom to call again."""

    outcomes = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(retrying.RETRIABLE)),
        min_length=1,
        help_text="Outcomes to retry.",
    )


class RetriedSerializer(serializers.Serializer[Any]):
    """What a retry does."""

    retried = serializers.IntegerField(help_text="Recipients that will be retried.")
    batch = BatchSerializer(help_text="The batch after the request.")


class SuppressedSerializer(serializers.Serializer[Any]):
    """How many numbers were added to the do-not-call list."""

    added = serializers.IntegerField(help_text="Numbers added to the do-not-call list.")
    known = serializers.IntegerField(help_text="Numbers that were already on the list.")


class Steering(ApiView):
    """The actions of a batch. Its status decides which are possible."""

    @extend_schema(request=None, responses=BatchSerializer)
    @action(detail=True, methods=["post"])
    @without_body
    @once
    def launch(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Launch a batch.

        A draft is checked first, and calls start when the check is done. Calls of a ready batch
        start immediately.
        """
        with self.unchanged() as batch:
            edits.launch_unseen(batch, actor=actor_of(request))
        return self.told()

    @extend_schema(request=None, responses=BatchSerializer)
    @action(detail=True, methods=["post"])
    @without_body
    def check(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Check the list of a draft.

        The rows are checked in the background. Then the batch is ready, and its dry run shows what
        a launch would do. This places no calls.
        """
        edits.submit(self.get_object(), actor=actor_of(request))
        return self.told()

    @extend_schema(request=None, responses=BatchSerializer)
    @action(detail=True, methods=["post"])
    @without_body
    def pause(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Pause a batch.

        No calls are placed until the batch is resumed. Live calls continue.
        """
        lifecycle.pause(self.get_object(), actor=actor_of(request))
        return self.told()

    @extend_schema(request=None, responses=BatchSerializer)
    @action(detail=True, methods=["post"])
    @without_body
    def resume(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Resume a paused batch.

        Calling continues where it stopped. Each recipient is checked against all rules again.
        """
        lifecycle.resume(self.get_object(), actor=actor_of(request))
        return self.told()

    @extend_schema(request=CancelSerializer, responses=BatchSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Cancel a batch.

        Calls that were not placed yet are never placed. Live calls end normally, or immediately
        with `hang_up`.
        """
        body = CancelSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        hang_up = body.validated_data["hang_up"]
        lifecycle.cancel(self.get_object(), actor=actor_of(request), hang_up=hang_up)
        return self.told()

    @extend_schema(request=BudgetSerializer, responses=BatchSerializer)
    @action(detail=True, methods=["post"])
    def budget(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the budget of a batch that is not over.

        A batch that its budget paused stays paused until it is resumed.
        """
        batch = self.get_object()
        body = BudgetSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        budgets.change(batch, body.validated_data["budget"], actor=actor_of(request))
        return self.told()

    @extend_schema(request=RetrySerializer, responses=RetriedSerializer)
    @action(detail=True, methods=["post"])
    @once
    def retry(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Retry recipients of a finished batch.

        Those whose last call ended with one of these outcomes are called again, under all rules.
        """
        batch = self.get_object()
        body = RetrySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        outcomes = set(body.validated_data["outcomes"])
        count = retrying.retry(batch, outcomes=outcomes, actor=actor_of(request))
        return Response({"retried": count, "batch": self.told().data})

    @extend_schema(request=CloneSerializer, responses={201: BatchSerializer})
    @action(detail=True, methods=["post"])
    @once
    def clone(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Clone a batch.

        The new draft has the same conversation, settings, and rules; `with_list` adds the list.
        """
        batch = self.get_object()
        body = CloneSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with_list = body.validated_data["with_list"]
        try:
            copy = copying.clone(batch, with_list=with_list, actor=actor_of(request))
        except FileNotFoundError as error:
            raise Problem(409, "file_missing", "The file of its list is gone.") from error
        shown = self.get_serializer(copy).data
        return Response(shown, status=201, headers={"Location": shown["links"]["self"]})

    @extend_schema(request=None, responses=SuppressedSerializer)
    @action(detail=True, methods=["post"], url_path="suppress-refused")
    @without_body
    def suppress_refused(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add the numbers that refuse in the lists of a batch to the do-not-call list.

        These are the rows that are skipped as `consent_refused` or `opted_out`. The batch skips
        them anyway; on the do-not-call list, no other batch calls them either.
        """
        added = refusals.suppress_refused(self.get_object(), actor=actor_of(request))
        return Response({"added": added.new, "known": added.listed})

    def told(self) -> Response:
        """Return the current state of the batch."""
        return Response(self.get_serializer(self.get_object()).data)
