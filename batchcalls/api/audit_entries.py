"""The audit log, for programs."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request

from batchcalls.access.permissions import Need
from batchcalls.api.fields import help_texts
from batchcalls.api.filters import AuditFilter
from batchcalls.api.views import ApiView, Listed
from batchcalls.models import AuditEntry, Scope
from batchcalls.reporting.filters.audit import order_of

_READ = Need(Scope.AUDIT_READ, "batchcalls.view_auditentry")


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """A line of the audit log."""

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
        extra_kwargs = help_texts(
            at="When it happened.",
            action="What was done, such as `changed` or `viewed`.",
            kind="The type of the object, such as `campaigns.campaign`.",
            object_id="ID of the object.",
            object_name="What the object was called at the time.",
            actor_name="The person who did it; blank for a worker.",
            door="Where the request came in: `page`, `api`, `bland_api`, `hook`, `command`, or "
            "`worker`.",
            address="IP address of the client.",
            session="Fingerprint of the back office session; the same for all it did.",
            api_key_name="Name of the API key, if one was used.",
            request_id="ID of the request, as in the server's log.",
            note="Further details.",
            count="How many rows it concerned; null for a single object.",
            before="Values that changed, as they were. Secrets are left out.",
            after="Values that changed, as they are now. Secrets are left out.",
        )


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
