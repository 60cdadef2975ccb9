"""Webhook endpoints and their messages."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.core.exceptions import ValidationError as ModelInvalid
from django.db.models import Model
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access import audit
from batchcalls.access.permissions import Need
from batchcalls.api.authentication import key_of
from batchcalls.api.fields import Strict, help_texts
from batchcalls.api.filters import DeliveryFilter
from batchcalls.api.parsing import without_body
from batchcalls.api.problems import Problem
from batchcalls.api.views import ApiView, Changed, Created, Deleted, Listed
from batchcalls.models import AuditAction, Scope, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from batchcalls.net.addresses import masked
from batchcalls.reporting.filters.webhooks import EndpointFilter
from batchcalls.webhooks import endpoints, outbox, signing

_VIEW = "batchcalls.view_webhookendpoint"
_CHANGE = "batchcalls.change_webhookendpoint"
_READ, _WRITE = Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE
_CHANGE_ONE = Need(_WRITE, _CHANGE)


class Masked(serializers.BaseSerializer[Any]):
    """Shows ``url`` up to its host to keys that may not change endpoints: it may hold a token."""

    def to_representation(self, instance: Any) -> Any:
        """Mask the address unless the key may change it."""
        shown = super().to_representation(instance)
        request = self.context.get("request")
        if request is None or _CHANGE_ONE.missing(key_of(request)):
            shown["url"] = masked(shown["url"])
        return shown


class EndpointSerializer(Masked, Strict, serializers.ModelSerializer[WebhookEndpoint]):
    """A URL that receives events of batches and calls."""

    events = serializers.ListField(
        child=serializers.ChoiceField(choices=endpoints.EVENTS),
        required=False,
        help_text="Events to send. Default: all of these.",
    )
    enabled = serializers.BooleanField(
        required=False,
        help_text="When off, no deliveries are created, and pending ones are dropped.",
    )
    warnings = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="What may be wrong with an address that was just sent, such as a host that "
        "cannot be found. Otherwise empty.",
    )

    class Meta:
        model = WebhookEndpoint
        read_only_fields = [
            "disabled_at",
            "disabled_reason",
            "consecutive_failures",
            "failing_since",
            "last_delivered_at",
            "deleted_at",
            "created_at",
        ]
        fields = [
            "id",
            "url",
            "description",
            "events",
            "campaign",
            "batch",
            "format",
            "enabled",
            "warnings",
            *read_only_fields,
        ]
        extra_kwargs = help_texts(
            url="Where events are sent, as an https URL. Keys that may not change endpoints see "
            "its host alone.",
            description="A note for your team.",
            campaign="ID of the campaign whose events are sent; null for all campaigns.",
            batch="ID of the batch whose events are sent; null for all batches.",
            format="Format of the messages.",
            disabled_at="When it was switched off; null while it is on.",
            disabled_reason="Why it was switched off.",
            consecutive_failures="Messages in a row that failed.",
            failing_since="Since when messages have failed; null if the last one arrived.",
            last_delivered_at="When a message last arrived; null if none did.",
            deleted_at="When it was deleted; null for all endpoints in lists.",
        )

    def create(self, validated_data: dict[str, Any]) -> WebhookEndpoint:
        """Add an endpoint."""
        is_on = validated_data.pop("enabled", True)
        maker = validated_data.pop("created_by")
        endpoint: WebhookEndpoint = _with_api_errors(
            endpoints.create, **validated_data, actor=maker
        )
        if not is_on:
            endpoints.disable(endpoint)
        return endpoint

    def update(self, instance: WebhookEndpoint, validated_data: dict[str, Any]) -> WebhookEndpoint:
        """Change an endpoint, and switch it on or off."""
        is_on = validated_data.pop("enabled", None)
        if validated_data:
            _with_api_errors(endpoints.change, instance, **validated_data)
        if is_on is not None:
            (endpoints.enable if is_on else endpoints.disable)(instance)
        return instance


def _with_api_errors(verb: Any, *arguments: Any, **fields: Any) -> Any:
    """Call a function of `webhooks`, and convert its validation errors to those of the API."""
    try:
        return verb(*arguments, **fields)
    except ModelInvalid as error:
        raise serializers.ValidationError(serializers.as_serializer_error(error)) from error


class SecretSerializer(serializers.Serializer[Any]):
    """The secret of an endpoint."""

    secret = serializers.CharField(
        help_text="`whsec_…`, which signs deliveries as in Standard Webhooks."
    )


class AttemptSerializer(serializers.ModelSerializer[WebhookAttempt]):
    """One request to the receiver, and its response."""

    class Meta:
        model = WebhookAttempt
        fields = [
            "number",
            "kind",
            "at",
            "duration_ms",
            "response_status",
            "response_excerpt",
            "error",
        ]
        read_only_fields = fields
        extra_kwargs = help_texts(
            number="Number of the attempt, from 1 on.",
            kind="Why it was made.",
            at="When it was made.",
            duration_ms="Milliseconds until it ended.",
            response_status="HTTP status of the response; null without a response.",
            response_excerpt="How the body of the response begins.",
            error="Why there was no response; blank if there was one.",
        )


class DeliverySerializer(Masked, serializers.ModelSerializer[WebhookDelivery]):
    """A message to one receiver."""

    url = serializers.CharField(
        source="target",
        read_only=True,
        help_text="Where it is sent. Keys that may not change endpoints see the host alone.",
    )
    call = serializers.UUIDField(
        source="call.call_id",
        read_only=True,
        allow_null=True,
        help_text="ID of the call it is about; null if it is about a batch.",
    )

    class Meta:
        model = WebhookDelivery
        fields = [
            "id",
            "event_id",
            "event_type",
            "endpoint",
            "url",
            "format",
            "batch",
            "call",
            "status",
            "attempts",
            "last_status",
            "last_error",
            "next_attempt_at",
            "give_up_at",
            "created_at",
            "ended_at",
        ]
        read_only_fields = fields
        extra_kwargs = help_texts(
            event_id="ID of the event, which is sent as `webhook-id`.",
            event_type="What happened.",
            endpoint="ID of the endpoint; null for a URL that a batch or a call named itself.",
            format="Format of the message.",
            batch="ID of the batch that it is about; null for a test message.",
            status="Whether it was delivered.",
            attempts="How often it was sent.",
            last_status="HTTP status of the last response; null without a response.",
            last_error="Why the last attempt had no response; blank if it had one.",
            next_attempt_at="When it is sent next; null once it has ended.",
            give_up_at="When no further attempt is made.",
            created_at="When the event happened.",
            ended_at="When it was delivered or given up; null while it is pending.",
        )


class DeliveryInFullSerializer(DeliverySerializer):
    """A message with its body, and each attempt to send it."""

    body = serializers.CharField(read_only=True, help_text="The exact body that is sent.")
    tries = AttemptSerializer(many=True, read_only=True, help_text="Each attempt, in order.")

    class Meta(DeliverySerializer.Meta):
        fields = [*DeliverySerializer.Meta.fields, "body", "tries"]
        read_only_fields = fields


class Endpoints(Listed, Created, Changed, Deleted, ApiView):
    """URLs that receive events of batches and calls: of all, of one campaign, or of one batch.

    Messages are signed by Standard Webhooks, retried for 24 hours, and always carry the same
    `webhook-id` however often they are sent. The secret has its own operation.
    """

    queryset = WebhookEndpoint.objects.all()
    serializer_class = EndpointSerializer
    filter_class = EndpointFilter
    order = ("created_at", "pk")
    needs = {
        "list": Need(_READ, _VIEW),
        "retrieve": Need(_READ, _VIEW),
        "create": Need(_WRITE, "batchcalls.add_webhookendpoint"),
        "partial_update": Need(_WRITE, _CHANGE, _VIEW),
        "destroy": Need(_WRITE, "batchcalls.delete_webhookendpoint"),
        "secret": Need(_WRITE, _CHANGE, _VIEW),
        "rotate": Need(_WRITE, _CHANGE, _VIEW),
        "test": Need(_WRITE, _CHANGE, _VIEW),
    }
    problems = {"test": (409,)}

    def perform_destroy(self, instance: WebhookEndpoint) -> None:
        """Delete the endpoint. Its messages stay."""
        endpoints.delete(instance)

    def saved(self, row: Model) -> None:
        """Leave the entry to the function that adds endpoints."""

    def noting(self, row: Model) -> AbstractContextManager[None]:
        """Leave the entries to the functions that change endpoints."""
        return nullcontext()

    def filter_queryset(self, queryset: Any) -> Any:
        """Filter only the list, which leaves out deleted endpoints."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def get_object(self) -> WebhookEndpoint:
        """Find an endpoint. A deleted one can only be looked at."""
        found: WebhookEndpoint = super().get_object()
        if found.deleted_at is not None and self.action != "retrieve":
            raise Http404
        return found

    @extend_schema(responses=SecretSerializer)
    @action(detail=True)
    def secret(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Show the secret that signs the messages.

        It is not stored: it is derived from the endpoint and a key of the installation.
        """
        endpoint = self.get_object()
        audit.record(AuditAction.SECRET_SHOWN, endpoint)
        return _secret(signing.secret_of(endpoint))

    @extend_schema(request=None, responses=SecretSerializer)
    @action(detail=True, methods=["post"])
    @without_body
    def rotate(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Rotate the secret.

        The new secret signs immediately. The former one also signs for 24 hours.
        """
        return _secret(endpoints.rotate_secret(self.get_object()))

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    @without_body
    def test(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Send a test message.

        It is sent within seconds. The delivery shows the response.
        """
        delivery = _sent(outbox.send_test, self.get_object())
        return Response(
            DeliverySerializer(delivery, context=self.get_serializer_context()).data, status=202
        )


class Deliveries(Listed, ApiView):
    """Sent and pending messages, each with all its attempts.

    The receiver identifies a message by its `event_id`, the `webhook-id` of the request.
    """

    queryset = WebhookDelivery.objects.select_related("endpoint", "call").defer(
        "call__transcript", "call__variables", "call__extracted"
    )
    serializer_class = DeliverySerializer
    filter_class = DeliveryFilter
    needs = {
        "list": Need(_READ, "batchcalls.view_webhookdelivery"),
        "retrieve": Need(_READ, "batchcalls.view_webhookdelivery"),
        "resend": Need(_WRITE, "batchcalls.resend_webhookdelivery"),
    }
    problems = {"resend": (409,)}

    @extend_schema(responses=DeliveryInFullSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Get one message, with its body and the response of each attempt.

        A message about a call contains its transcript, and also needs the scope `calls:read`.
        """
        delivery = self.get_object()
        if delivery.call_id:
            Need(Scope.CALLS_READ, "batchcalls.view_callresult").require(key_of(request))
            audit.viewed([delivery.call])
        return Response(
            DeliveryInFullSerializer(delivery, context=self.get_serializer_context()).data
        )

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    @without_body
    def resend(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Resend a message, whatever its status.

        The same bytes are sent under the same `webhook-id` within seconds.
        """
        delivery = self.get_object()
        _sent(outbox.resend, delivery)
        delivery.refresh_from_db()
        return Response(
            DeliverySerializer(delivery, context=self.get_serializer_context()).data, status=202
        )


def _sent(verb: Any, thing: Any) -> Any:
    try:
        return verb(thing)
    except outbox.CannotSend as error:
        raise Problem(409, "cannot_send", str(error)) from error


def _secret(secret: str) -> Response:
    return Response({"secret": secret}, headers={"Cache-Control": "private, no-store"})
