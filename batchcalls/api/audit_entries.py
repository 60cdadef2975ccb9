"""The audit log, for programs."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request

from batchcalls.access.permissions import Need
from batchcalls.api.filters import AuditFilter
from batchcalls.api.views import ApiView, Listed
from batchcalls.models import AuditEntry, Scope
from batchcalls.reporting.filters.audit import order_of

_READ = Need(Scope.AUDIT_READ, "batchcalls.view_auditentry")


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    class Meta:
        model = AuditEntry
        fields = [
            "id",
            "at",
            "action",
            "kind",
            "object_id",
            "object_name",
            "actor_name",
            "door",
            "address",
            "session",
            "api_key_name",
            "request_id",
            "note",
            "count",
            "before",
            "after",
        ]
        read_only_fields = fields


class AuditEntries(Listed, ApiView):
    """Who changed or saw something protected, from where, with the values before and after.

    Entries can neither be changed nor deleted. They have no recipients' numbers and no secrets.
    """

    queryset = AuditEntry.objects.all()
    nouns = ("audit entry", "audit entries")
    serializer_class = AuditEntrySerializer
    filter_class = AuditFilter
    orderings = {"at": ("at", "pk")}
    needs = {"list": _READ, "retrieve": _READ}

    def usual_arrangement(self, request: Request) -> tuple[tuple[str, ...], bool]:
        """Order by time when the filter names one, as the page does."""
        asked = request.query_params
        is_by_time = "created_after" in asked or "created_before" in asked
        return self.orderings["at"] if is_by_time else order_of(asked), False
