"""The rules of a batch whose campaign has none, in requests that create or change it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from batchcalls.api.fields import ClockTimeField, ObjectField, Strict
from batchcalls.drafting.chosen_rules import ChosenRules, RulesError
from campaigns.models import CallingPolicy, Weekday
from campaigns.retry import MAX_RETRIES, MAX_WAIT_SECONDS, RetryPolicy, RetryRule
from campaigns.vocabulary import RetryOutcome


class BatchRetry(Strict):
    """Retries after one outcome."""

    outcome = serializers.ChoiceField(
        choices=RetryOutcome.choices, help_text="How a call ended that is retried."
    )
    max_retries = serializers.IntegerField(
        min_value=1, max_value=MAX_RETRIES, help_text="Retries after that outcome."
    )
    wait_seconds = serializers.IntegerField(
        min_value=0,
        max_value=MAX_WAIT_SECONDS,
        help_text="Before each retry, in whole minutes.",
    )

    def validate_wait_seconds(self, value: int) -> int:
        """Reject parts of a minute, which pages do not show."""
        if value % 60:
            raise serializers.ValidationError("Write a multiple of 60: waits are whole minutes.")
        return value


class BatchRules(Strict):
    """A saved policy, or hours and retries of one batch."""

    policy = serializers.PrimaryKeyRelatedField(
        queryset=CallingPolicy.objects.all(),
        required=False,
        allow_null=True,
        help_text="A saved calling policy. Leave out everything else then.",
    )
    opens_at = ClockTimeField(
        required=False, allow_null=True, help_text="In the recipient's time zone."
    )
    closes_at = ClockTimeField(
        required=False, allow_null=True, help_text="Exclusive; 00:00 is the end of the day."
    )
    weekdays = serializers.ListField(
        child=serializers.ChoiceField(choices=Weekday.choices),
        required=False,
        help_text="0 is Monday. Leave it out for every day.",
    )
    retries = BatchRetry(many=True, required=False, help_text="At most one for each outcome.")

    def validate_retries(self, value: list[dict[str, Any]]) -> tuple[RetryRule, ...]:
        """Reject two rules for one outcome."""
        try:
            return RetryPolicy(tuple(RetryRule(**rule) for rule in value)).rules
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject rules that contradict each other, and add what was chosen."""
        days = attrs.pop("weekdays", ())
        try:
            return {"chosen": ChosenRules.read(**attrs, days=days)}
        except RulesError as error:
            raise serializers.ValidationError(dict(error.problems)) from error


@extend_schema_field(BatchRules)
class RulesField(ObjectField):
    """A saved policy, or hours and retries for one batch. A form has them as JSON text."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            allow_null=True,
            write_only=True,
            help_text="Calling policy, or hours and retries, if the campaign has no policy. Null "
            "for none. Legal calling hours apply to real phones in any case.",
        )

    def to_internal_value(self, data: Any) -> ChosenRules:  # type: ignore[override]
        """Return the rules. Raise `ValidationError` for each wrong member."""
        rules = BatchRules(data=super().to_internal_value(data))
        rules.is_valid(raise_exception=True)
        chosen: ChosenRules = rules.validated_data["chosen"]
        return chosen
