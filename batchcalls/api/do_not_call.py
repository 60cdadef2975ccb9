"""The do-not-call list."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access.permissions import Need
from batchcalls.api.authentication import actor_of
from batchcalls.api.fields import Strict
from batchcalls.api.idempotent import once
from batchcalls.api.views import ApiView, Deleted, Listed
from batchcalls.batches import suppressing
from batchcalls.models import Scope
from batchcalls.reporting.filters.do_not_call import DoNotCallFilter
from campaigns import e164, hashed_numbers
from campaigns.models import Suppression, SuppressionSource

#: Maximum numbers per request.
MOST_NUMBERS = 10_000


class EntrySerializer(serializers.ModelSerializer[Suppression]):
    phone_number = serializers.CharField(source="e164", read_only=True)

    class Meta:
        model = Suppression
        fields = ["id", "phone_number", "reason", "source", "created_at"]
        read_only_fields = fields


class NumberSerializer(Strict):
    phone_number = serializers.CharField(
        max_length=hashed_numbers.LONGEST_ENTRY,
        help_text="With country code, or local; or the SHA-256 of the number as 64 hexadecimal "
        "digits. Hashes of +12025550123 and of 12025550123 are both honored. Both numbers are "
        "added if the digits are a number with and without country code.",
    )
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate_phone_number(self, value: str) -> list[str]:
        """Return each number that may be meant, in the form in which it is dialed, or a hash."""
        if hashed := hashed_numbers.entry_of(value):
            return [hashed]
        found = e164.readings(value, region=settings.DEFAULT_REGION)
        if isinstance(found, e164.NumberProblem):
            raise serializers.ValidationError(found.message, str(found.code))
        return [number.e164 for number in found]


class ListedSerializer(serializers.Serializer[Any]):
    added = serializers.IntegerField()
    known = serializers.IntegerField(help_text="Those that stood on the list already.")
    numbers = serializers.ListField(child=serializers.CharField(), help_text="As they are dialed.")


class DoNotCall(Listed, Deleted, ApiView):
    """Numbers that no batch ever calls."""

    queryset = Suppression.objects.all()
    nouns = ("number that must not be called", "numbers that must not be called")
    serializer_class = EntrySerializer
    filter_class = DoNotCallFilter
    lookup_field = "e164"
    lookup_url_kwarg = "number"
    needs = {
        "list": Need(Scope.DO_NOT_CALL_READ, "campaigns.view_suppression"),
        "retrieve": Need(Scope.DO_NOT_CALL_READ, "campaigns.view_suppression"),
        "create": Need(Scope.DO_NOT_CALL_WRITE, "campaigns.add_suppression"),
        "destroy": Need(Scope.DO_NOT_CALL_WRITE, "campaigns.delete_suppression"),
    }

    def get_object(self) -> Any:
        """Find a number in any notation, or a hash."""
        text = self.kwargs["number"]
        parsed = e164.parse(text, region=settings.DEFAULT_REGION)
        if hashed := hashed_numbers.entry_of(text):
            self.kwargs["number"] = hashed
        elif isinstance(parsed, e164.Number):
            self.kwargs["number"] = parsed.e164
        else:
            raise Http404
        return super().get_object()

    @extend_schema(
        request=PolymorphicProxySerializer(
            component_name="OneOrMoreNumbers",
            serializers=[NumberSerializer, NumberSerializer(many=True)],
            resource_type_field_name=None,
            many=False,
        ),
        responses={200: ListedSerializer},
    )
    @once
    def create(self, request: Request) -> Response:
        """Add numbers to the do-not-call list.

        Send an object, or a list of up to 10,000. Numbers already on the list stay unchanged. If
        one of the numbers is invalid, none is stored.
        """
        given = request.data if isinstance(request.data, list) else [request.data]
        if len(given) > MOST_NUMBERS:
            message = f"{MOST_NUMBERS:,} numbers are taken at once; {len(given):,} were sent."
            raise serializers.ValidationError(message)
        is_one = not isinstance(request.data, list)
        body: Any = NumberSerializer(data=request.data, many=not is_one)
        body.is_valid(raise_exception=True)
        rows = [body.validated_data] if is_one else body.validated_data
        reasons = {n: row["reason"] for row in reversed(rows) for n in row["phone_number"]}
        added = suppressing.suppress(reasons, source=SuppressionSource.API, actor=actor_of(request))
        told = {
            "added": added,
            "known": len(reasons) - added,
            "numbers": [number for row in rows for number in row["phone_number"]],
        }
        return Response(told)

    def perform_destroy(self, instance: Suppression) -> None:
        """Remove the number from the list, and record who removed it."""
        try:
            suppressing.remove(instance, why="by API", actor=actor_of(self.request))
        except suppressing.NotListed as error:
            raise Http404 from error
