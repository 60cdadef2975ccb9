"""What tables of some hundreds of rows have in common: import, export, and who made a row."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Field, Model, TextField
from django.forms import ModelForm, Textarea
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from import_export.admin import ImportExportModelAdmin
from import_export.forms import ExportForm

from campaigns.resources import FORMATS, MAX_EXPORTED_ROWS

#: Descriptions are a line or two.
SHORT_TEXTS: dict[type[Field[Any, Any]], dict[str, Any]] = {
    TextField: {"widget": Textarea(attrs={"rows": 3, "class": "vLargeTextField"})}
}


class SmallTableAdmin(ImportExportModelAdmin):  # type: ignore[misc]
    """Adds import and export, each for whoever may do that and what it amounts to."""

    formats = FORMATS
    # The other one, with a box for each field, needs scripts and styles inside the page.
    export_form_class = ExportForm

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Ask also for what an import does: it adds rows and changes them."""
        return bool(
            super().has_import_permission(request)
            and self.has_add_permission(request)
            and self.has_change_permission(request)
        )

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Ask also for the right to see what goes out."""
        return bool(super().has_export_permission(request) and self.has_view_permission(request))

    def export_action(self, request: HttpRequest) -> HttpResponseBase:
        """Refuse what is too much to be held in memory, rather than send a part of it."""
        if self.has_export_permission(request):
            # Of a million rows it need only be known that they are too many.
            rows = self.get_export_queryset(request).order_by()
            if rows[: MAX_EXPORTED_ROWS + 1].count() > MAX_EXPORTED_ROWS:
                message = f"These are too many rows for this export; it takes {MAX_EXPORTED_ROWS:,}"
                message += " at most. Narrow the list with its filters."
                self.message_user(request, message, messages.ERROR)
                return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        response: HttpResponseBase = super().export_action(request)
        return response


class CreatedByMixin:
    """Notes who created a row."""

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Model], change: bool
    ) -> None:
        """Keep the creator of a new row."""
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)  # type: ignore[misc]
