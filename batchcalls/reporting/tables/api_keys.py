"""The columns of the list of API keys."""

from __future__ import annotations

from typing import Any

import django_tables2
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batchcalls.models import ApiKey
from batchcalls.reporting import formatting
from batchcalls.reporting.tables.listing import ListTable

TONES = {"active": "success", "expired": "warning"}


class ApiKeyTable(ListTable):
    """API keys. The owner column is for users who see everyone's keys."""

    caption = "API keys"

    name = django_tables2.Column()
    prefix = django_tables2.Column("Begins with")
    state = django_tables2.Column(empty_values=())
    owner = django_tables2.Column()
    scopes = django_tables2.Column()
    last_used_at = django_tables2.Column("Last used", empty_values=())
    expires_at = django_tables2.Column("Expires", empty_values=())

    class Meta(ListTable.Meta):
        pass

    def __init__(self, *args: Any, sees_all: bool, **kwargs: Any) -> None:
        super().__init__(*args, exclude=() if sees_all else ("owner",), **kwargs)

    def render_name(self, record: ApiKey) -> SafeString:
        """Link to the key."""
        url = reverse("admin:batchcalls_apikey_change", args=[record.pk])
        return format_html('<a class="strong" href="{}">{}</a>', url, record.name)

    def render_prefix(self, value: str) -> SafeString:
        """Show the beginning of the secret."""
        return format_html("<code>{}…</code>", value)

    def render_state(self, record: ApiKey) -> SafeString | str:
        """Show whether the key can be used."""
        state = record.state
        return formatting.pill(state, state.capitalize(), TONES.get(state, "neutral"))

    def render_scopes(self, value: list[str]) -> str:
        """Return the names of the scopes."""
        return ", ".join(value)

    def render_last_used_at(self, record: ApiKey) -> SafeString | str:
        """Show when a request last used the key."""
        return formatting.ago(record.last_used_at, blank="never")

    def render_expires_at(self, record: ApiKey) -> SafeString | str:
        """Show when the key expires."""
        return formatting.ago(record.expires_at, blank="never")
