"""Fields of request bodies: known members only, validated call settings, JSON in forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from batchcalls.access import json_bodies
from campaigns import call_settings

OBJECT = {"type": "object", "additionalProperties": True}


def help_texts(**texts: str) -> dict[str, dict[str, Any]]:
    """Return the ``extra_kwargs`` of a serializer for columns that have no help text."""
    return {name: {"help_text": text} for name, text in texts.items()}


class Strict(serializers.Serializer[Any]):
    """Rejects unknown members, so that a misspelled one is not silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values. Raise `ValidationError` that names every invalid member."""
        unknown = []
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
        if not unknown:
            return super().to_internal_value(data)
        errors: dict[str, Any] = {
            str(name): [ErrorDetail(f"Unknown member {name!r} here.", "unknown_member")]
            for name in unknown
        }
        try:
            super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                errors = {**error.detail, **errors}
        raise serializers.ValidationError(errors)


class ObjectField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object, or its text in a form."""

    default_error_messages = {"not_an_object": "Write a JSON object."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object."""
        if isinstance(data, str):
            try:
                data = json_bodies.parse(data.encode("utf-8", "surrogatepass"))
            except (json_bodies.BodyTooLong, json_bodies.BodyUnreadable):
                self.fail("not_an_object")
        if not isinstance(data, dict):
            self.fail("not_an_object")
        return data

    def to_representation(self, value: Any) -> Any:
        """Return the value unchanged."""
        return value


class StoredTimeField(serializers.DateTimeField):
    """A time that is stored as text within JSON."""

    def to_representation(self, value: Any) -> Any:
        """Return the time, which the renderer writes as any other."""
        return super().to_representation(datetime.fromisoformat(value))


class BudgetField(serializers.DecimalField):
    """The budget of a batch: an amount in its account's currency, or null for no limit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_digits=12,
            decimal_places=2,
            min_value=Decimal("0.01"),
            help_text="In the account's currency. The batch pauses before a call that could exceed "
            "it; null for no limit.",
            **kwargs,
        )


@extend_schema_field({"type": "string", "pattern": r"^\d\d:\d\d:\d\d$"})
class ClockTimeField(serializers.TimeField):
    """A time of day in nobody's zone, which the format ``time`` of RFC 3339 would name."""


@extend_schema_field(OBJECT)
class FreeField(serializers.JSONField):
    """A read-only JSON object with any members."""


@extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
class CountsField(serializers.JSONField):
    """Read-only counts by name."""


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class TextsField(serializers.JSONField):
    """Read-only texts by name."""


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class WordsField(serializers.JSONField):
    """A read-only list of texts."""


class CallSettingsField(ObjectField):
    """Settings that all calls share. The registry validates each, and errors point at its name.

    A change is merged with the stored settings (RFC 7396), so settings that may hold secrets, which
    are write-only, stay when a client sends back an object that it read.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            help_text="Names and values of call settings. A change is merged with the stored "
            "settings (RFC 7396): null removes a setting or a member of one, and what is not sent "
            "stays. Settings that may hold secrets are never shown.",
            **kwargs,
        )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return canonical settings. Raise `ValidationError` with a message for each error."""
        given = super().to_internal_value(data)
        row = self.parent.instance
        normalized = (
            call_settings.normalize_shared(given)
            if row is None
            else call_settings.patch_shared(row.call_settings, given)
        )
        if normalized.problems:
            raise serializers.ValidationError(
                {one.name: [ErrorDetail(one.message, one.code)] for one in normalized.problems}
            )
        return normalized.values

    def to_representation(self, value: Any) -> Any:
        """Return the settings without secrets."""
        return call_settings.without_secrets(value)
