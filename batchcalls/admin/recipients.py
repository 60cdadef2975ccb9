"""Recipients: every row of every list, with its verdict."""

from __future__ import annotations

from django.contrib import admin

from batchcalls.admin.readonly import ReadOnlyAdmin
from batchcalls.models import Recipient


@admin.register(Recipient)
class RecipientAdmin(ReadOnlyAdmin[Recipient]):
    list_display = ["row_number", "raw_number", "e164", "status", "outcome", "reason", "batch"]
    list_filter = ["status", "outcome", "reason_code"]
    list_select_related = ["batch"]
    search_fields = ["e164", "raw_number", "batch__id"]
    search_help_text = "A number, or a batch ID."
