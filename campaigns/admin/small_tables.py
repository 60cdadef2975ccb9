"""Shared behavior of tables with some hundreds of rows: import, export, and who created a row."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Field, Model, TextField
from django.forms import ModelForm, Textarea
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from import_export.admin import ImportExportModelAdmin
from import_export.forms import ExportForm, ImportForm

from campaigns.resources import FORMATS, MAX_EXPORTED_ROWS

#: A smaller text area, because descriptions have a line or two.
SHORT_TEXTS: dict[type[Field[Any, Any]], dict[str, Any]] = {
    TextField: {"widget": Textarea(attrs={"rows": 3, "class": "vLargeTextField"})}
}


class FileForm(ImportForm):  # type: ignore[misc]
    """A file to import, whose format is known by its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["format"]
        field.required, field.label = False, "File format"
        field.choices = [("", "Detect from the file name"), *field.choices[1:]]

    def clean(self) -> dict[str, Any]:
        """Detect the format if none is chosen."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("format") and (file := data.get("import_file")):
            names = [one().get_extension() for one in FORMATS]
            extension = str(file.name).rpartition(".")[2].lower()
            if extension not in names:
                self.add_error("import_file", "Upload a CSV or XLSX file, or choose its format.")
            else:
                data["format"] = str(names.index(extension))
        return data


class FormatForm(ExportForm):  # type: ignore[misc]
    """The format of an export; CSV unless another is chosen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["format"]
        field.choices = [choice for choice in field.choices if choice[0] != ""]


class SmallTableAdmin(ImportExportModelAdmin):  # type: ignore[misc]
    """Adds import and export; each also requires the permissions for what it does to the rows."""

    formats = FORMATS
    # The templates of the package add their own buttons and styles.
    import_export_change_list_template = "admin/change_list.html"
    # The default form, with a checkbox for each field, needs inline scripts and styles.
    export_form_class = FormatForm
    import_form_class = FileForm

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Also require permission to add and change rows, since an import does both."""
        return bool(
            super().has_import_permission(request)
            and self.has_add_permission(request)
            and self.has_change_permission(request)
        )

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Also require permission to view the exported rows."""
        return bool(super().has_export_permission(request) and self.has_view_permission(request))

    def export_action(self, request: HttpRequest) -> HttpResponseBase:
        """Refuse an export too large for memory instead of sending part of it."""
        try:
            return self._export(request)
        except IncorrectLookupParameters:
            message = "The list has no such filter. Remove it, and export again."
            self.message_user(request, message, messages.ERROR)
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Import the file that was reviewed; ask for it again if it is gone."""
        try:
            response: HttpResponseBase = super().process_import(request, **kwargs)
        except FileNotFoundError:
            message = "The uploaded file is gone. Upload it again."
            self.message_user(request, message, messages.ERROR)
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_import")
        return response

    def _export(self, request: HttpRequest) -> HttpResponseBase:
        if self.has_export_permission(request):
            # Count no further than the limit: of a million rows, "too many" is enough to know.
            rows = self.get_export_queryset(request).order_by()
            if rows[: MAX_EXPORTED_ROWS + 1].count() > MAX_EXPORTED_ROWS:
                message = f"This export is limited to {MAX_EXPORTED_ROWS:,} rows. Narrow the list "
                message += "with its filters."
                self.message_user(request, message, messages.ERROR)
                return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        response: HttpResponseBase = super().export_action(request)
        return response


class CreatedByMixin:
    """Records who created a row."""

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Model], change: bool
    ) -> None:
        """Store the creator of a new row."""
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)  # type: ignore[misc]
