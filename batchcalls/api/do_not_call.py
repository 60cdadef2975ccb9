"""The do-not-call list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import Http404
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access.permissions import Need
from batchcalls.api.authentication import actor_of
from batchcalls.api.fields import Strict, help_texts
from batchcalls.api.filters import DoNotCallFilter
from batchcalls.api.idempotent import once
from batchcalls.api.views import ApiView, Deleted, Listed
from batchcalls.batches import suppressing
from batchcalls.batches.suppressing import NewEntry
from batchcalls.database import clock
from batchcalls.models import CallResult, Scope
from campaigns import e164, hashed_numbers, same_phone
from campaigns.models import Campaign, Suppression, SuppressionSource

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REASON = "Why the number must not be called."
#: Maximum numbers per request.
MOST_NUMBERS = 10_000


class EntrySerializer(serializers.ModelSerializer[Suppression]):
    """An entry of the do-not-call list."""

    phone_number = serializers.CharField(
        source="e164", read_only=True, help_text="The number in E.164, or its hash."
    )
    call = serializers.UUIDField(
        source="call_id",
        read_only=True,
        allow_null=True,
        help_text="The call that is the evidence.",
    )
    under_review = serializers.BooleanField(
        source="is_hold",
        read_only=True,
        help_text="Held until someone decides whether the person opted out.",
    )

    class Meta:
        model = Suppression
        fields = [
            *("id", "phone_number", "campaign", "reason", "source", "evidence", "call"),
            *("expires_at", "under_review", "created_at"),
        ]
        read_only_fields = fields
        extra_kwargs = help_texts(
            id="ID of the entry.",
            reason=REASON,
            source="Where the entry comes from.",
            created_at="When the entry was added.",
        )


#: Where opt-outs from elsewhere come from. The others are for what people do here.
SOURCES = [source for source in SuppressionSource if source not in {"manual", "import", "call"}]


class NumberSerializer(Strict):
    """A number that must not be called."""

    phone_number = serializers.CharField(
        required=False,
        max_length=hashed_numbers.LONGEST_ENTRY,
        help_text="With country code, or local; or the SHA-256 of the number as 64 hexadecimal "
        "digits. Hashes of +12025550123 and of 12025550123 are both honored. Both numbers are "
        "added if the digits are a number with and without country code.",
    )
    call = serializers.UUIDField(
        required=False,
        help_text="The ID of a call in which the person opted out. Instead of phone_number, or as "
        "its evidence.",
    )
    campaign: serializers.PrimaryKeyRelatedField[Any] = serializers.PrimaryKeyRelatedField(
        queryset=Campaign.objects.order_by(),
        required=False,
        allow_null=True,
        default=None,
        help_text="The only campaign that must not call the number. Null: all.",
    )
    reason = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text=REASON
    )
    source: Any = serializers.ChoiceField(
        choices=[(source.value, source.label) for source in SOURCES],
        required=False,
        default=SuppressionSource.API.value,
        help_text="Where the person opted out.",
    )
    evidence = serializers.CharField(
        max_length=suppressing.EVIDENCE_LENGTH,
        required=False,
        allow_blank=True,
        default="",
        help_text="Where the request can be looked up, such as a ticket or a URL.",
    )
    expires_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="When the number may be called again. Null: never.",
    )

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        """Reject a time that has passed, with which the entry would have no effect."""
        if value is not None and value <= clock.now():
            raise serializers.ValidationError("This time is in the past. Enter a later one.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the number of the call, unless the number is stated."""
        if "call" not in attrs:
            if "phone_number" not in attrs:
                raise serializers.ValidationError({"phone_number": ["This field is required."]})
            return attrs
        call = CallResult.objects.filter(call_id=attrs["call"]).only("to_number").first()
        if call is None:
            raise serializers.ValidationError({"call": ["No call has this ID."]})
        if call.to_number not in attrs.setdefault("phone_number", [call.to_number]):
            message = "This call was made to another number. Send its number, or none."
            raise serializers.ValidationError({"call": [message]})
        return attrs

    def validate_phone_number(self, value: str) -> list[str]:
        """Return each number that may be meant, in the form in which it is dialed, or a hash."""
        if hashed := hashed_numbers.entry_of(value):
            return [hashed]
        found = e164.readings(value, region=settings.DEFAULT_REGION)
        if isinstance(found, e164.NumberProblem):
            raise serializers.ValidationError(found.message, str(found.code))
        return [number.e164 for number in found]


class ListedSerializer(serializers.Serializer[Any]):
    """The numbers of a request, and how many were added."""

    added = serializers.IntegerField(help_text="Numbers that were added.")
    known = serializers.IntegerField(help_text="Numbers that were already on the list.")
    numbers = serializers.ListField(child=serializers.CharField(), help_text="As they are dialed.")


class DoNotCall(Listed, Deleted, ApiView):
    """Numbers that must not be called: by any batch or by one campaign, for good or for a time."""

    queryset = Suppression.objects.all()
    nouns = ("number that must not be called", "numbers that must not be called")
    serializer_class = EntrySerializer
    filter_class = DoNotCallFilter
    lookup_field = "e164"
    lookup_url_kwarg = "number"
    problems = {"destroy": (409,)}
    needs = {
        "list": Need(Scope.DO_NOT_CALL_READ, "campaigns.view_suppression"),
        "retrieve": Need(Scope.DO_NOT_CALL_READ, "campaigns.view_suppression"),
        "create": Need(Scope.DO_NOT_CALL_WRITE, "campaigns.add_suppression"),
        "destroy": Need(Scope.DO_NOT_CALL_WRITE, "campaigns.delete_suppression"),
    }

    def get_object(self) -> Any:
        """Find a number in any notation, or a hash: of its entries, the one that blocks most."""
        text = self.kwargs["number"]
        parsed = e164.parse(text, region=settings.DEFAULT_REGION)
        if hashed := hashed_numbers.entry_of(text):
            self.kwargs["number"] = hashed
        elif isinstance(parsed, e164.Number):
            self.kwargs["number"] = parsed.e164
        else:
            raise Http404
        spellings = same_phone.spellings_of(self.kwargs["number"])
        entries = Suppression.objects.filter(e164__in=spellings)
        ordered = entries.order_by(
            F("is_hold").asc(),
            F("campaign").asc(nulls_first=True),
            F("expires_at").desc(nulls_first=True),
        )
        if (found := ordered.first()) is None:
            raise Http404
        return found

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

        Send an object, or a list of up to 10,000. Entries already on the list, for the same
        campaign and time, stay unchanged. If one of the numbers is invalid, none is stored.
        """
        given = request.data if isinstance(request.data, list) else [request.data]
        if len(given) > MOST_NUMBERS:
            message = (
                f"{MOST_NUMBERS:,} numbers are allowed in one request; {len(given):,} were sent."
            )
            raise serializers.ValidationError(message)
        is_one = not isinstance(request.data, list)
        body: Any = NumberSerializer(data=request.data, many=not is_one)
        body.is_valid(raise_exception=True)
        rows = [body.validated_data] if is_one else body.validated_data
        return Response(add_rows(rows, actor=actor_of(request)))

    def perform_destroy(self, instance: Suppression) -> None:
        """Remove all of the number's entries in force, and record who removed them.

        Expired entries stay as proof. A number that is only held for a review cannot be removed.
        """
        entries = Suppression.objects.in_force(clock.now()).filter(e164=instance.e164)
        removable = list(entries.entries().select_related("campaign")) or list(entries)
        if not removable:
            raise Http404
        try:
            with transaction.atomic():
                for entry in removable:
                    suppressing.remove(entry, why="by API", actor=actor_of(self.request))
        except suppressing.NotListed as error:
            raise Http404 from error


def add_rows(rows: Sequence[dict[str, Any]], *, actor: User | None) -> dict[str, Any]:
    """Add the entries of validated bodies, and return what `ListedSerializer` describes."""
    # Of entries that are the same, the first counts.
    entries = {
        (entry.e164, entry.campaign_id, entry.expires_at): entry
        for row in reversed(rows)
        for entry in _entries_of(row)
    }
    added = suppressing.add_on_request(entries.values(), actor=actor)
    return {
        "added": added,
        "known": len(entries) - added,
        "numbers": [number for row in rows for number in row["phone_number"]],
    }


def _entries_of(row: dict[str, Any]) -> Iterator[NewEntry]:
    """Yield the entries of a validated body."""
    for number in row["phone_number"]:
        yield NewEntry(
            e164=number,
            campaign_id=row["campaign"].pk if row["campaign"] else None,
            reason=row["reason"],
            source=SuppressionSource(row["source"]),
            evidence=row["evidence"],
            call_id=row.get("call"),
            expires_at=row["expires_at"],
        )
