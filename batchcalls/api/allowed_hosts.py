"""Hosts that calls and batches may send data to."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from batchcalls.access.permissions import Need
from batchcalls.api.fields import Strict
from batchcalls.api.filters import AllowedHostFilter
from batchcalls.api.views import ApiView, Changed, Created, Deleted, Listed
from batchcalls.models import Scope
from campaigns.allowed_hosts import in_ascii
from campaigns.models import AllowedHost

READ, WRITE = Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE


class AllowedHostSerializer(Strict, serializers.ModelSerializer[AllowedHost]):
    """A host that calls and batches may send data to."""

    class Meta:
        model = AllowedHost
        fields = ["id", "host", "description", "created_at"]

    def to_internal_value(self, data: Any) -> Any:
        """Write the host as it is compared."""
        if isinstance(data, dict) and isinstance(data.get("host"), str):
            data = {**data, "host": in_ascii(data["host"])}
        return super().to_internal_value(data)


class AllowedHosts(Listed, Created, Changed, Deleted, ApiView):
    """Hosts that webhooks of single calls and batches, and dynamic data, may go to.

    While there are none, data goes to webhook endpoints only.
    """

    queryset = AllowedHost.objects.all()
    serializer_class = AllowedHostSerializer
    filter_class = AllowedHostFilter
    needs = {
        "list": Need(READ, "campaigns.view_allowedhost"),
        "retrieve": Need(READ, "campaigns.view_allowedhost"),
        "create": Need(WRITE, "campaigns.add_allowedhost"),
        "partial_update": Need(WRITE, "campaigns.change_allowedhost"),
        "destroy": Need(WRITE, "campaigns.delete_allowedhost"),
    }
    problems = {"create": (409,), "partial_update": (409,)}
