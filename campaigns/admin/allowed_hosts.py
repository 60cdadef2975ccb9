"""Hosts that calls and batches may send data to."""

from __future__ import annotations

from django.contrib import admin

from campaigns.admin.small_tables import CreatedByMixin
from campaigns.models import AllowedHost


@admin.register(AllowedHost)
class AllowedHostAdmin(CreatedByMixin, admin.ModelAdmin[AllowedHost]):
    fields = ["host", "description"]
    list_display = ["host", "description", "created_by", "created_at"]
    list_select_related = ["created_by"]
    search_fields = ["host", "description"]
    search_help_text = "Host or description"
    list_help = "The only hosts that single calls and batches may send data to."
    says_when_empty = (
        "Webhooks of single calls and batches, and dynamic data, go to the hosts listed here only. "
        "While the list is empty, data goes to webhook endpoints only."
    )
