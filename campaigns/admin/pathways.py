"""Pathways and tools: objects of the voice provider that get a name here."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest

from campaigns.admin.small_tables import SHORT_TEXTS
from campaigns.call_settings.sensitivity import Sensitivity
from campaigns.models import Pathway, Tool
from campaigns.setting_permissions import PERMISSIONS

ModelT = TypeVar("ModelT", bound=Model)
CONVERSATION = PERMISSIONS[Sensitivity.CONVERSATION]


class NamedAtProvider(admin.ModelAdmin[ModelT]):
    """Our name for an object of the provider, with the number of campaigns that use it."""

    formfield_overrides = SHORT_TEXTS

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Also require the permission to set what is said, which it is about."""
        return super().has_add_permission(request) and request.user.has_perm(CONVERSATION)

    def has_change_permission(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        """Also require the permission to set what is said in the campaigns that use it."""
        return super().has_change_permission(request, obj) and request.user.has_perm(CONVERSATION)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelT]:
        """Annotate each row with its number of campaigns."""
        rows: Any = super().get_queryset(request).annotate(campaign_count=Count("campaign"))
        return rows  # type: ignore[no-any-return]

    @admin.display(description="Campaigns", ordering="campaign_count")
    def campaigns(self, row: Any) -> int:
        """Return how many campaigns use it."""
        return int(row.campaign_count)


@admin.register(Pathway)
class PathwayAdmin(NamedAtProvider[Pathway]):
    list_display = ["name", "pathway_id", "version", "campaigns", "created_at"]
    search_fields = ["name", "pathway_id"]
    search_help_text = "Name or ID"
    list_help = "Conversation graphs at your voice provider, by name."
    fields = ["name", ("pathway_id", "version"), "variables", "description"]
    says_when_empty = (
        "A pathway is a conversation graph at your voice provider. Add its ID here to use it "
    )
    "in campaigns instead of a prompt."


@admin.register(Tool)
class ToolAdmin(NamedAtProvider[Tool]):
    list_display = ["name", "reference", "description", "campaigns"]
    search_fields = ["name", "reference"]
    search_help_text = "Name or reference"
    list_help = "Tools and knowledge bases at your voice provider, by name."
    fields = ["name", "reference", "description"]
    says_when_empty = (
        "Tools (TL-…) and knowledge bases (KB-…) are set up at your voice provider. Add one here "
        "to choose it in campaigns."
    )
