"""Call results: each attempt, from "about to dial" to transcript."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from batchcalls.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from batchcalls.models import CallEvent, CallResult


class CallEventInline(ReadOnlyInline[CallEvent, CallResult]):
    model = CallEvent
    fields = ["status", "provider_status", "occurred_at", "received_at"]


@admin.register(CallResult)
class CallResultAdmin(ReadOnlyAdmin[CallResult]):
    list_display = [
        "call_id",
        "to_number",
        "status",
        "answered_by",
        "disposition",
        "duration_seconds",
        "price",
        "attempt",
        "claimed_at",
        "batch",
    ]
    list_filter = ["status", "answered_by", "disposition", "account", "claimed_at"]
    list_select_related = ["batch"]
    search_fields = ["call_id", "to_number", "batch__id", "provider_call_id"]
    search_help_text = "A call ID, a number, or a batch ID."
    fields = [
        "call_id",
        "batch",
        "recipient",
        "account",
        "attempt",
        ("to_number", "from_number"),
        ("status", "provider_status"),
        ("answered_by", "disposition"),
        ("duration_seconds", "price", "currency"),
        "summary",
        "conversation",
        "variables",
        "extracted",
        "recording_url",
        "checks",
        ("error_code", "error_message"),
        ("claimed_at", "placed_at", "answered_at", "ended_at"),
        "provider_call_id",
    ]
    inlines = [CallEventInline]

    @admin.display(description="Transcript")
    def conversation(self, call: CallResult) -> SafeString | str:
        """Show who said what, and when."""
        return (
            format_html_join(
                "",
                "<p>{} <strong>{}</strong> {}</p>",
                (
                    (f"{turn['at_seconds']:.0f} s", turn["speaker"].capitalize(), turn["text"])
                    for turn in call.transcript
                ),
            )
            or "Nobody spoke."
        )
