"""The model field of call settings, which keeps secrets out of the database."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models, transaction

from campaigns.call_settings import SECRETS, sealing


class CallSettingsField(models.JSONField):
    """Call settings by name. Those that may hold secrets are stored encrypted."""

    def get_prep_value(self, value: Any) -> Any:
        """Return the settings with their secrets sealed."""
        return self._changed(super().get_prep_value(value), sealing.seal)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return the settings with their secrets in plain."""
        found = super().from_db_value(value, expression, connection)
        return self._changed(found, sealing.unseal)

    def deconstruct(self) -> Any:
        """Return the column as migrations know it, which it has always been."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    @staticmethod
    def _changed(value: Any, change: Any) -> Any:
        # Few settings have secrets, and rows are many.
        if not isinstance(value, dict) or SECRETS.isdisjoint(value):
            return value
        return {name: change(one) if name in SECRETS else one for name, one in value.items()}


def reencrypt_all() -> tuple[int, list[str]]:
    """Encrypt all secret settings with the current key. Return how many rows, and the lost ones.

    Lost are those whose key is neither `SECRET_KEY` nor a fallback.
    """
    done, lost = 0, []
    columns = [
        (model, column)
        for model in apps.get_models()
        for column in model._meta.concrete_fields
        if isinstance(column, CallSettingsField)
    ]
    for model, column in columns:
        rows = model._base_manager.filter(**{f"{column.name}__has_any_keys": sorted(SECRETS)})
        for pk in rows.values_list("pk", flat=True):
            with transaction.atomic():
                found = rows.select_for_update().filter(pk=pk).values_list(column.name).first()
                if found is None:
                    continue
                model._base_manager.filter(pk=pk).update(**{column.name: found[0]})
            if any(sealing.is_sealed(value) for value in found[0].values()):
                lost.append(f"{model._meta.verbose_name} {pk}")
            else:
                done += 1
    return done, lost
