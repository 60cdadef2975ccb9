"""Column mappings, and the do-not-call list."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse

from campaigns.admin.small_tables import CreatedByMixin, SmallTableAdmin
from campaigns.models import ColumnMapping, Suppression, SuppressionSource
from campaigns.resources import SuppressionResource


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
