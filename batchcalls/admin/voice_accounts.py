"""Voice accounts."""

from __future__ import annotations

from django.contrib import admin

from batchcalls.models import VoiceAccount


@admin.register(VoiceAccount)
class VoiceAccountAdmin(admin.ModelAdmin[VoiceAccount]):
    list_display = ["name", "provider", "enabled", "cps", "concurrency", "price_per_minute"]
    list_filter = ["provider", "enabled"]
    search_fields = ["name"]
    readonly_fields = ["created_at"]
