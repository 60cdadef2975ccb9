"""The back office's pages for campaigns and rules."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms import ModelForm
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from import_export.admin import ImportExportModelAdmin
from import_export.forms import ExportForm

from campaigns.models import (
    BlackoutDate,
    CallingPolicy,
    CallingWindow,
    Campaign,
    ColumnMapping,
    Pathway,
    PolicyRetryRule,
    Suppression,
    SuppressionSource,
    Tool,
    hours_of,
)
from campaigns.resources import (
    FORMATS,
    MAX_EXPORTED_ROWS,
    CampaignResource,
    SuppressionResource,
)


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
            rows = self.get_export_queryset(request).count()
            if rows > MAX_EXPORTED_ROWS:
                message = f"{rows:,} rows are too many for this export; it takes "
                message += f"{MAX_EXPORTED_ROWS:,} at most. Narrow the list with its filters."
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


@admin.register(Campaign)
class CampaignAdmin(CreatedByMixin, SmallTableAdmin):
    resource_classes = [CampaignResource]
    list_display = ["name", "purpose", "pathway", "policy", "updated_at"]
    list_filter = ["purpose", "policy"]
    list_select_related = ["pathway", "policy"]
    search_fields = ["name", "prompt"]
    readonly_fields = ["created_by", "created_at", "updated_at"]


@admin.register(Pathway)
class PathwayAdmin(admin.ModelAdmin[Pathway]):
    list_display = ["name", "pathway_id", "version", "created_at"]
    search_fields = ["name", "pathway_id"]
    readonly_fields = ["created_at"]


@admin.register(Tool)
class ToolAdmin(admin.ModelAdmin[Tool]):
    list_display = ["name", "reference", "description"]
    search_fields = ["name", "reference"]
    readonly_fields = ["created_at"]


class CallingWindowFormSet(
    BaseInlineFormSet[CallingWindow, CallingPolicy, ModelForm[CallingWindow]]
):
    """The windows of one policy, checked together: two new ones may overlap each other."""

    def clean(self) -> None:
        """Refuse windows that overlap."""
        super().clean()
        if any(self.errors):
            return
        windows = [
            form.instance
            for form in self.forms
            if form.has_changed() or form.instance.pk
            if not form.cleaned_data.get("DELETE")
        ]
        try:
            hours_of(windows)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class CallingWindowInline(admin.TabularInline[CallingWindow, CallingPolicy]):
    model = CallingWindow
    formset = CallingWindowFormSet
    extra = 0


class BlackoutDateInline(admin.TabularInline[BlackoutDate, CallingPolicy]):
    model = BlackoutDate
    extra = 0


class RetryRuleInline(admin.TabularInline[PolicyRetryRule, CallingPolicy]):
    model = PolicyRetryRule
    extra = 0


@admin.register(CallingPolicy)
class CallingPolicyAdmin(admin.ModelAdmin[CallingPolicy]):
    list_display = ["name", "description", "consent_required", "created_at"]
    search_fields = ["name"]
    readonly_fields = ["created_at"]
    inlines = [CallingWindowInline, BlackoutDateInline, RetryRuleInline]


@admin.register(ColumnMapping)
class ColumnMappingAdmin(admin.ModelAdmin[ColumnMapping]):
    """Mappings are saved from a batch; here they are looked at and removed."""

    list_display = ["name", "created_by", "created_at"]
    list_select_related = ["created_by"]
    search_fields = ["name"]
    readonly_fields = ["columns", "headers_key", "created_by", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave adding to the batch whose columns were matched."""
        return False


@admin.register(Suppression)
class SuppressionAdmin(CreatedByMixin, SmallTableAdmin):
    resource_classes = [SuppressionResource]
    change_list_template = "admin/campaigns/suppression/change_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Leave room for the buttons beside a short title."""
        titled = {"title": "Do-not-call list", **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, titled)
        return response

    list_display = ["e164", "source", "reason", "created_by", "created_at"]
    list_filter = ["source", "created_at"]
    list_select_related = ["created_by"]
    search_fields = ["e164", "reason"]
    readonly_fields = ["source", "created_by", "created_at"]
    show_full_result_count = False

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Model], change: bool
    ) -> None:
        """Note that a person entered the number."""
        if not change:
            obj.source = SuppressionSource.MANUAL
        super().save_model(request, obj, form, change)
