"""What bodies may hold: known members only, call settings of the registry, JSON in forms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from campaigns import call_settings

OBJECT = {"type": "object", "additionalProperties": True}


class Strict(serializers.Serializer[Any]):
    """Refuses members that it does not know: a misspelt one must not be left out in silence."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values; raise `ValidationError` that names every member."""
        unknown = []
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
        if not unknown:
            return super().to_internal_value(data)
        errors: dict[str, Any] = {
            str(name): [ErrorDetail(f"There is no member {name!r} here.", "unknown_member")]
            for name in unknown
        }
        try:
            super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                errors = {**error.detail, **errors}
        raise serializers.ValidationError(errors)


class ObjectField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object; in a form, its text."""

    default_error_messages = {"not_an_object": "Write a JSON object."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object."""
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except (ValueError, RecursionError):
                self.fail("not_an_object")
        if not isinstance(data, dict):
            self.fail("not_an_object")
        return data

    def to_representation(self, value: Any) -> Any:
        """Return it as it is."""
        return value


@extend_schema_field(OBJECT)
class FreeField(serializers.JSONField):
    """A JSON object with whatever members, to be shown."""


@extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
class CountsField(serializers.JSONField):
    """Counts by name, to be shown."""


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class TextsField(serializers.JSONField):
    """Texts by name, to be shown."""


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class WordsField(serializers.JSONField):
    """A list of texts, to be shown."""


class CallSettingsField(ObjectField):
    """Settings that all calls share, each judged by the registry and pointed at by its name.

    Those that may hold secrets are taken and never shown: when an object that was read is sent
    back without them, they stay. Null takes one out.
    """

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return canonical settings; raise `ValidationError` with a sentence for each wrong one."""
        given = super().to_internal_value(data)
        normalized = call_settings.normalize_shared(given)
        if normalized.problems:
            raise serializers.ValidationError(
                {one.name: [ErrorDetail(one.message, one.code)] for one in normalized.problems}
            )
        before: Mapping[str, Any] = getattr(self.parent.instance, "call_settings", None) or {}
        kept = {
            name: before[name]
            for name in before
            if call_settings.is_secret(name) and name not in given
        }
        return {**kept, **normalized.values}

    def to_representation(self, value: Any) -> Any:
        """Return what may be shown."""
        return call_settings.without_secrets(value)
