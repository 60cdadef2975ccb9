"""Voice accounts, read-only, and the API key behind a request."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access.permissions import Need
from batchcalls.api.authentication import actor_of, key_of
from batchcalls.api.batch_serializers import BudgetUseSerializer
from batchcalls.api.fields import WordsField, help_texts
from batchcalls.api.parsing import without_body
from batchcalls.api.problems import Problem
from batchcalls.api.views import ApiView, Listed
from batchcalls.batches import halts
from batchcalls.calling import budget
from batchcalls.database import clock
from batchcalls.models import ApiKey, CallerId, CallResult, Scope, VoiceAccount
from batchcalls.reporting.filters.voice_accounts import VoiceAccountFilter

# Each account queries the index of calls that have not ended.
_LIVE = (
    CallResult.objects.live()
    .filter(account=OuterRef("pk"))
    .order_by()
    .values("account")
    .annotate(n=Count("pk"))
    .values("n")
)


class CallerIdSerializer(serializers.ModelSerializer[CallerId]):
    """A number that calls are placed from."""

    class Meta:
        model = CallerId
        fields = ["e164", "enabled", "daily_cap", "note", "used_at", "created_at"]
        read_only_fields = fields
        extra_kwargs = help_texts(
            e164="The number in E.164.",
            note="A note for your team.",
            used_at="When the last call was placed from it; null if none was.",
        )


class AccountSerializer(serializers.ModelSerializer[VoiceAccount]):
    """A voice account: one way to place calls, with its limits and prices."""

    dials_people = serializers.SerializerMethodField()
    caller_ids = serializers.SerializerMethodField(help_text="Enabled caller IDs in E.164.")
    countries = serializers.SerializerMethodField(
        help_text="Countries that may be called (ISO 3166); empty when no real phone rings."
    )
    special_numbers = WordsField(
        read_only=True, help_text="Kinds of special numbers that may be called."
    )
    caller_id_pool = CallerIdSerializer(
        source="caller_ids", many=True, read_only=True, help_text="All caller IDs."
    )
    live_calls = serializers.IntegerField(read_only=True, help_text="Calls that are live now.")
    held_until = serializers.SerializerMethodField(
        help_text="When calls start again; null if the account is not on hold."
    )
    held_code = serializers.SerializerMethodField(
        help_text="`daily_budget` if that is used up; blank if the provider asked for no calls."
    )
    held_reason = serializers.SerializerMethodField(
        help_text="What the provider answered, or which budget is used up."
    )
    budgets = serializers.SerializerMethodField(help_text="The use of its budgets.")

    class Meta:
        model = VoiceAccount
        # Options are left out: they name where credentials are.
        fields = [
            "id",
            "name",
            "provider",
            "enabled",
            "held_until",
            "held_code",
            "held_reason",
            "dials_people",
            "beyond_floor_until",
            "beyond_floor_reason",
            "caller_ids",
            "caller_id_pool",
            "countries",
            "special_numbers",
            "cps",
            "concurrency",
            "live_calls",
            "price_per_minute",
            "price_per_voicemail_minute",
            "price_per_attempt",
            "minute_rounding",
            "currency",
            "daily_budget",
            "monthly_budget",
            "budget_warning_percent",
            "budgets",
            "breaker_percent",
            "breaker_calls",
            "breaker_minutes",
            "created_at",
        ]
        read_only_fields = fields
        extra_kwargs = help_texts(
            provider="The kind of voice provider.",
            beyond_floor_reason="Why calls may go beyond the legal floor.",
            price_per_minute="Price of a minute of an answered call.",
            price_per_attempt="Price of each call placed, whatever its outcome.",
            currency="Currency of prices and budgets (ISO 4217).",
        )

    @extend_schema_field(BudgetUseSerializer(many=True))
    def get_budgets(self, account: VoiceAccount) -> Any:
        """Return the use of the account's budgets."""
        found = budget.of_account(account, now=clock.now())
        return BudgetUseSerializer(found, many=True).data

    @extend_schema_field(bool)
    def get_dials_people(self, account: VoiceAccount) -> bool:
        """False where no real phone rings, as with the simulator."""
        return account.dials_people

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_caller_ids(self, account: VoiceAccount) -> list[str]:
        """Return the caller IDs that are switched on."""
        return [one.e164 for one in account.caller_ids.all() if one.enabled]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_countries(self, account: VoiceAccount) -> list[str]:
        """Return the countries that may be called, with the territories that are part of one."""
        return sorted(account.permitted.countries) if account.permitted else []

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_held_until(self, account: VoiceAccount) -> datetime | None:
        """Return the end of the current hold."""
        return account.held_until if account.is_held(clock.now()) else None

    @extend_schema_field(str)
    def get_held_code(self, account: VoiceAccount) -> str:
        """Return who holds the account."""
        return account.held_code if account.is_held(clock.now()) else ""

    @extend_schema_field(str)
    def get_held_reason(self, account: VoiceAccount) -> str:
        """Return the reason for the current hold."""
        return account.held_reason if account.is_held(clock.now()) else ""


class Accounts(Listed, ApiView):
    """Ways to place calls, with their limits and live calls. Credentials are never returned."""

    queryset = VoiceAccount.objects.annotate(
        live_calls=Coalesce(Subquery(_LIVE), 0)
    ).prefetch_related("caller_ids")
    serializer_class = AccountSerializer
    filter_class = VoiceAccountFilter
    needs = {
        "list": Need(Scope.ACCOUNTS_READ, "batchcalls.view_voiceaccount"),
        "retrieve": Need(Scope.ACCOUNTS_READ, "batchcalls.view_voiceaccount"),
        "try_now": Need(Scope.BATCHES_CONTROL, "batchcalls.change_voiceaccount"),
    }

    @extend_schema(request=None, responses=AccountSerializer)
    @action(detail=True, methods=["post"], url_path="try-now")
    @without_body
    def try_now(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """End the hold of an account.

        A provider may ask for no calls before a certain time, which is `held_until`. This lets
        calls start now; the provider may ask to wait again.
        """
        try:
            halts.end_hold(self.get_object(), actor=actor_of(request))
        except halts.HaltConflict as conflict:
            raise Problem(409, "conflict", str(conflict)) from conflict
        return Response(self.get_serializer(self.get_object()).data)


class LimitsSerializer(serializers.Serializer[Any]):
    """The largest requests that are accepted."""

    requests_per_minute = serializers.IntegerField(
        help_text="Requests per minute by all keys of the owner."
    )
    body_bytes = serializers.IntegerField(help_text="Of a body that is not a file.")
    file_bytes = serializers.IntegerField(help_text="Of an uploaded file.")
    rows = serializers.IntegerField(help_text="Rows of a list.")
    columns = serializers.IntegerField(help_text="Columns of a list.")


class MeSerializer(serializers.Serializer[Any]):
    """The API key of the request."""

    key = serializers.CharField(help_text="Name of the API key.")
    prefix = serializers.CharField(help_text="How its secret begins.")
    owner = serializers.CharField(help_text="The person whose permissions it has.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), help_text="What it may do."
    )
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="When it stops working; null for never."
    )
    limits = LimitsSerializer()


class Me(ApiView):
    """The API key of the request."""

    pagination_class = None
    filter_backends = []
    queryset = ApiKey.objects.none()
    needs = {"show": Need(None)}

    @extend_schema(responses=MeSerializer)
    def show(self, request: Request) -> Response:
        """Get the current API key.

        Returns the key, its owner, its scopes and its limits. Works with any key.
        """
        key = key_of(request)
        limits = {
            "requests_per_minute": settings.API_REQUESTS_PER_MINUTE,
            "body_bytes": settings.MAX_API_BYTES,
            "file_bytes": settings.MAX_FILE_BYTES,
            "rows": settings.MAX_ROWS,
            "columns": settings.MAX_COLUMNS,
        }
        known = {
            "key": key.name,
            "prefix": key.prefix,
            "owner": request.user.get_username(),
            "scopes": key.scopes,
            "expires_at": key.expires_at,
            "limits": limits,
        }
        return Response(MeSerializer(known).data)
