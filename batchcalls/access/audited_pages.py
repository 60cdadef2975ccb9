"""Django's own pages of a table, with an entry in the audit log for what they change or export.

The admin site adds this to the pages of every table, so that no page can be without it. Pages of
our own call functions that write their entries themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from batchcalls.access import audit, audit_values
from batchcalls.models import AuditAction

if TYPE_CHECKING:
    _Pages = admin.ModelAdmin[Any]
else:
    _Pages = object

#: Tables whose imported rows have one entry together, because there may be thousands.
_IN_SUM = {"campaigns.suppression"}
#: What import-export says about a row, and what it is here.
_IMPORTED = {"new": AuditAction.ADDED, "update": AuditAction.CHANGED, "delete": AuditAction.DELETED}


def audited(pages: type[admin.ModelAdmin[Any]]) -> type[admin.ModelAdmin[Any]]:
    """Return the pages of a table with their entries in the audit log."""
    if issubclass(pages, AuditedPages):
        return pages
    return type(pages.__name__, (AuditedPages, pages), {"__module__": pages.__module__})


class AuditedPages(_Pages):
    """Forms, deletions, imports, and exports of a table."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Note the values before the change."""
        before = audit_values.snapshot(obj) if change else {}
        _before_of(request)[id(obj)] = before
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Add the entry once the rows that belong to the row are saved too."""
        super().save_related(request, form, formsets, change)
        row = form.instance
        before, after = _before_of(request).pop(id(row), {}), audit_values.snapshot(row)
        if before != after:
            action = AuditAction.CHANGED if change else AuditAction.ADDED
            audit.record(action, row, before=before, after=after)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete a row."""
        with audit.deleting(obj):
            super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete the chosen rows."""
        rows = [(audit.Subject.of(row), audit_values.snapshot(row)) for row in queryset]
        super().delete_queryset(request, queryset)
        for subject, before in rows:
            audit.record(AuditAction.DELETED, subject, before=before, after={})

    @transaction.atomic
    def process_dataset(self, dataset: Any, form: Any, request: HttpRequest, **more: Any) -> Any:
        """Import the rows of a file that a person has reviewed."""
        result = super().process_dataset(dataset, form, request, **more)  # type: ignore[misc]
        name = str(form.cleaned_data.get("original_file_name") or "")
        changed = [row for row in result.rows if row.import_type in _IMPORTED]
        audit.record(AuditAction.IMPORTED, self.model, note=name, count=len(changed))
        if audit_values.kind_of(self.model) not in _IN_SUM:
            for row in changed:
                self._note_imported(row)
        return result

    def _note_imported(self, row: Any) -> None:
        was, now = getattr(row, "original", None), getattr(row, "instance", None)
        if now is None:
            return
        action = _IMPORTED[row.import_type]
        before = {} if action == AuditAction.ADDED or was is None else _in_memory(was)
        after = {} if action == AuditAction.DELETED else audit_values.snapshot(now)
        if before and after:
            # The row as it was is known from memory, without what a file cannot change.
            after = {name: value for name, value in after.items() if name in before}
        audit.record(action, now, before=before, after=after)

    def get_export_data(self, file_format: Any, request: Any, queryset: Any, **more: Any) -> Any:
        """Export rows to a file."""
        data = super().get_export_data(file_format, request, queryset, **more)  # type: ignore[misc]
        query = unquote_plus(request.GET.urlencode())
        audit.record(AuditAction.EXPORTED, self.model, note=query, count=queryset.count())
        return data


def _before_of(request: HttpRequest) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = request.__dict__.setdefault("_audit_before", {})
    return found


def _in_memory(row: Model) -> dict[str, Any]:
    columns = [one for one in row._meta.concrete_fields if one.editable and not one.primary_key]
    return {one.name: getattr(row, one.attname) for one in columns}
