"""Calls: every attempt, as in Call Logs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import DecimalField, QuerySet
from django.http import Http404, StreamingHttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access import audit
from batchcalls.access.permissions import Need
from batchcalls.api.authentication import actor_of
from batchcalls.api.batch_members import BATCH
from batchcalls.api.fields import FreeField
from batchcalls.api.files import SoundRenderer
from batchcalls.api.filters import CallFilter
from batchcalls.api.parsing import without_body
from batchcalls.api.problems import Problem
from batchcalls.api.settings_schema import SHOWN_SETTINGS
from batchcalls.api.views import ApiView, Listed
from batchcalls.api.why import WhySerializer, explained
from batchcalls.calling import call_requests, stopping
from batchcalls.models import CallResult, Scope
from batchcalls.models.call_fields import CallField, Kind, Place, fields_of
from batchcalls.reporting.explaining import decisions_before
from batchcalls.reporting.filters.calls import order_of
from batchcalls.voice import recordings
from campaigns.call_settings import without_secrets
from campaigns.prompts import MissingVariable, PromptError

MEMBERS = {one.name_in(Place.API): one for one in fields_of(Place.API)}
#: Long members, which lists omit unless they are requested.
LONG = {name: one for name, one in MEMBERS.items() if one.is_long}
#: What composing ``said`` loads, besides the call.
_SAID_READS = {
    *("batch__prompt", "batch__call_settings", "batch__policy", "batch__dry_run"),
    *("recipient__call_settings", "recipient__request_data", "recipient__metadata"),
}
FIELDS = OpenApiParameter(
    "fields",
    str,
    description="Comma-separated members to return. A list "
    f"leaves out {', '.join(LONG)} unless they are named.",
)


class TurnSerializer(serializers.Serializer[Any]):
    """What one side said."""

    speaker = serializers.CharField(help_text="Who spoke: `agent` or `callee`.")
    text = serializers.CharField(help_text="What was said.")
    at_seconds = serializers.FloatField(help_text="Seconds after the answer.")


@extend_schema_field(TurnSerializer(many=True))
class TranscriptField(serializers.JSONField):
    """The transcript, in order."""


@extend_schema_field(SHOWN_SETTINGS)
class RenderedSettingsField(serializers.JSONField):
    """Call settings with their variables filled in."""


class SaidSerializer(serializers.Serializer[Any]):
    """The prompt and settings the call was placed with, with variables filled in."""

    prompt = serializers.CharField(help_text="The prompt; blank with a pathway.")
    pathway_id = serializers.CharField(help_text=BATCH["pathway_id"])
    pathway_version = serializers.CharField(help_text=BATCH["pathway_version"])
    call_settings = RenderedSettingsField(help_text="The settings of this call.")
    problem = serializers.CharField(help_text="Why it cannot be composed; blank if it can.")


_TYPES: dict[Kind, type[serializers.Field[Any, Any, Any, Any]]] = {
    Kind.ID: serializers.UUIDField,
    Kind.TEXT: serializers.CharField,
    Kind.PHONE: serializers.CharField,
    Kind.CHOICE: serializers.ChoiceField,
    Kind.STATUS: serializers.ChoiceField,
    Kind.NUMBER: serializers.IntegerField,
    Kind.SECONDS: serializers.IntegerField,
    Kind.MONEY: serializers.DecimalField,
    Kind.TIME: serializers.DateTimeField,
    Kind.FLAG: serializers.BooleanField,
    Kind.JSON: FreeField,
    Kind.TRANSCRIPT: TranscriptField,
}


def _member(name: str, field: CallField) -> serializers.Field[Any, Any, Any, Any]:
    """Return the serializer field for a field of a call, matching its database column."""
    column = field.columns[-1]
    options: dict[str, Any] = {"read_only": True, "help_text": field.meaning}
    source = ".".join(field.path)
    if name != source:
        options["source"] = source
    if any(one.null for one in field.columns):
        options["allow_null"] = True
    if field.kind in {Kind.CHOICE, Kind.STATUS}:
        options |= {"choices": column.choices, "allow_blank": column.blank}
    if isinstance(column, DecimalField):
        options |= {"max_digits": column.max_digits, "decimal_places": column.decimal_places}
    return _TYPES[field.kind](**options)


class CallSerializer(serializers.Serializer[CallResult]):
    """An attempt to call a recipient."""

    recording = serializers.SerializerMethodField(help_text=MEMBERS["recording"].meaning)
    said = serializers.SerializerMethodField(help_text=MEMBERS["said"].meaning)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the requested members."""
        own = super().get_fields()
        wanted: Collection[str] = self.context.get("fields") or MEMBERS
        return {
            name: own.get(name) or _member(name, one)
            for name, one in MEMBERS.items()
            if name in wanted
        }

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_recording(self, call: CallResult) -> str | None:
        """Return our own URL, because the provider's URL may be secret."""
        if not call.recording_url:
            return None
        path = reverse("api:v1:call-recording", args=[call.call_id])
        url: str = self.context["request"].build_absolute_uri(path)
        return url

    @extend_schema_field(SaidSerializer)
    def get_said(self, call: CallResult) -> dict[str, Any]:
        """Compose the request again, from rows that do not change."""
        said = {"prompt": "", "pathway_id": "", "pathway_version": "", "call_settings": {}}
        try:
            placed = call_requests.build(call.batch, call.recipient, call)
        except (MissingVariable, PromptError) as error:
            return {**said, "problem": str(error)}
        return {
            "prompt": placed.prompt,
            "pathway_id": placed.pathway_id,
            "pathway_version": placed.pathway_version,
            "call_settings": without_secrets(placed.settings),
            "problem": "",
        }


class Calls(Listed, ApiView):
    """Every attempt at every recipient, newest first."""

    queryset = CallResult.objects.select_related("batch", "recipient")
    nouns = ("call", "calls")
    serializer_class = CallSerializer
    filter_class = CallFilter
    own_parameters = dict.fromkeys(["list", "retrieve"], ("fields",))
    orderings = {"claimed_at": ("claimed_at", "pk"), "ended_at": ("ended_at", "pk")}
    lookup_field = "call_id"
    needs = {
        "list": Need(Scope.CALLS_READ, "batchcalls.view_callresult"),
        "retrieve": Need(Scope.CALLS_READ, "batchcalls.view_callresult"),
        "stop": Need(Scope.CALLS_WRITE, "batchcalls.view_callresult", "batchcalls.cancel_batch"),
        "recording": Need(Scope.CALLS_READ, "batchcalls.view_callresult"),
        "why": Need(Scope.CALLS_READ, "batchcalls.view_callresult", "batchcalls.view_recipient"),
    }
    problems = {"stop": (409,), "recording": (502,)}

    def usual_arrangement(self, request: Request) -> tuple[tuple[str, ...], bool]:
        """Order by the time that the filter names, as Call Logs do; changes in their order."""
        asked = request.query_params
        if "updated_since" in asked:
            return ("updated_at", "pk"), True
        if "ended_after" in asked or "ended_before" in asked:
            return self.orderings["ended_at"], False
        if "created_after" in asked or "created_before" in asked:
            return self.orderings["claimed_at"], False
        return order_of(asked), False

    def get_queryset(self) -> QuerySet[CallResult]:
        """Leave long members that are not requested in the database."""
        rows: QuerySet[CallResult] = super().get_queryset()
        if self.action != "list":
            return rows
        if self.arrangement(self.request)[0][0] == "ended_at":
            rows = rows.filter(ended_at__isnull=False)
        wanted = self._wanted()
        long = {name: one.lookup for name, one in LONG.items() if name != "said"}
        read = {lookup for name, lookup in long.items() if name in wanted}
        if "said" in wanted:
            read |= _SAID_READS
        return rows.defer(*({*long.values()} | _SAID_READS) - read)

    def get_serializer_context(self) -> dict[str, Any]:
        """Add the requested members to the context."""
        context = super().get_serializer_context()
        is_asked = not getattr(self, "swagger_fake_view", False)
        return {**context, "fields": self._wanted() if is_asked else None}

    def _wanted(self) -> list[str]:
        text = self.request.query_params.get("fields", "")
        if not text:
            return [one for one in MEMBERS if one not in LONG or self.action != "list"]
        names = [name.strip() for name in text.split(",")]
        if unknown := [name for name in names if name not in MEMBERS]:
            message = f"A call has no member {unknown[0][:60]!r}. It has {', '.join(MEMBERS)}."
            raise ValidationError({"fields": [ErrorDetail(message, "unknown_member")]})
        return names

    @extend_schema(parameters=[FIELDS])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List calls.

        Every attempt at every recipient, newest first, as in Call Logs.
        """
        return super().list(request, *args, **kwargs)

    def paginate_queryset(self, queryset: Any) -> Any:
        """Return a page, and note in the audit log whose transcripts it shows."""
        page = super().paginate_queryset(queryset)
        if "transcript" in self._wanted():
            audit.viewed(page or [])
        return page

    @extend_schema(parameters=[FIELDS])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Get a call.

        With all its details, unless `fields` names some of them.
        """
        call = self.get_object()
        if "transcript" in self._wanted():
            audit.viewed([call])
        return Response(self.get_serializer(call).data)

    @extend_schema(request=None, responses={202: CallSerializer})
    @action(detail=True, methods=["post"])
    @without_body
    def stop(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Stop a call, whether it is ringing or in progress.

        The call stops within seconds. The response shows the call at the time of the request.
        """
        call = self.get_object()
        stopping.stop(call, actor=actor_of(request))
        # An attempt that was withdrawn no longer exists, so it is shown as it was.
        shown = self.get_queryset().filter(pk=call.pk).first() or call
        return Response(self.get_serializer(shown).data, status=202)

    @extend_schema(responses=WhySerializer)
    @action(detail=True)
    def why(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Explain why a call was placed.

        Each rule that was checked, with what it decided by at that moment.
        """
        call = self.get_object()
        return Response(explained(call.recipient, decisions_before(call)[::-1]))

    @extend_schema(
        responses={
            (200, "audio/mpeg"): OpenApiTypes.BINARY,
            (206, "audio/mpeg"): OpenApiTypes.BINARY,
            416: None,
        }
    )
    @action(detail=True, renderer_classes=[SoundRenderer])
    def recording(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Get the recording of a call.

        Returns the provider's recording, in full or in the part that a Range header names.
        """
        call = self.get_object()
        if not call.recording_url:
            raise Http404
        try:
            wanted = request.headers.get("Range", "")
            found = recordings.fetch(call.recording_url, wanted=wanted)
        except recordings.NoRecording as error:
            detail = f"The recording cannot be fetched. {error}"
            raise Problem(502, "no_recording", detail) from error
        audit.viewed([call], audit.RECORDING)
        return StreamingHttpResponse(
            found,
            status=found.status,
            content_type=found.content_type or "application/octet-stream",
            headers=found.headers,
        )
