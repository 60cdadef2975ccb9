"""API keys: each person creates, sees once and revokes their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern

from batchcalls.access import api_keys
from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.listing import Listing, listing_of
from batchcalls.admin.pages import Done, OwnPages, row_or_404
from batchcalls.admin.readonly import NobodyWrites
from batchcalls.database import clock
from batchcalls.models import ApiKey, Scope
from batchcalls.reporting.filters.api_keys import ApiKeyFilter
from batchcalls.reporting.tables.api_keys import TONES, ApiKeyTable

EVERYBODYS = "batchcalls.manage_apikey"
LIFETIMES = [("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "Never")]


class ApiKeyForm(forms.Form):
    """The purpose and expiry of a new key."""

    name = forms.CharField(
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Which program uses the key, and where.",
    )
    scopes = forms.MultipleChoiceField(
        label="Scopes",
        choices=[(one.value, f"{one.label} ({one.value})") for one in Scope],
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose only what the program needs. A key never does more than you may do.",
        error_messages={"required": "Choose at least one."},
    )
    days = forms.ChoiceField(
        label="Expires after", choices=LIFETIMES, required=False, initial="365"
    )


@admin.register(ApiKey)
class ApiKeyAdmin(NobodyWrites, OwnPages[ApiKey]):
    """Replaces the stock pages: a key cannot be edited, and its secret is not stored."""

    list_label = "API keys"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow adding for users with the permission."""
        return request.user.has_perm("batchcalls.add_apikey")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        """Hide other people's keys on every page."""
        return _keys(request)

    def get_urls(self) -> list[URLPattern]:
        """Add the confirmation page."""
        return [
            self.at("<int:pk>/revoke/", self.revoke_view, "revoke"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """List the user's own keys, or everyone's for users who may see them all."""
        require(request.user, "batchcalls.view_apikey")
        listing: Listing[ApiKey] = listing_of(request, _keys(request), ApiKeyFilter)
        table = ApiKeyTable(listing.page.rows, sees_all=request.user.has_perm(EVERYBODYS))
        return self.page(
            request,
            "apikey/list",
            self.list_label,
            listing=listing,
            table=table,
            can_create=self.has_add_permission(request),
        )

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Create a key, and show its secret once, in this response only."""
        require(request.user, "batchcalls.add_apikey")
        form = ApiKeyForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self.page(request, "apikey/add", "Add API key", form=form)
        data = form.cleaned_data
        days = int(data["days"]) if data["days"] else None
        try:
            key, secret = api_keys.create(
                actor_of(request),
                name=data["name"],
                scopes=data["scopes"],
                expires_at=clock.now() + timedelta(days=days) if days else None,
            )
        except ValidationError as error:
            form.add_error(None, error)
            return self.page(request, "apikey/add", "Add API key", form=form)
        self.log_addition(request, key, [{"added": {}}])
        answer = self.page(request, "apikey/made", "Copy the key now", key=key, secret=secret)
        answer["Cache-Control"] = "no-store"
        return answer

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show a key's purpose and when it was used."""
        require(request.user, "batchcalls.view_apikey")
        key = row_or_404(_keys(request), object_id)
        labels = {one.value: one.label for one in Scope}
        return self.page(
            request,
            "apikey/page",
            key.name,
            key=key,
            tone=TONES.get(key.state, "neutral"),
            scopes=[(scope, labels.get(scope, "")) for scope in key.scopes],
        )

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Explain what revoking means, and revoke the key on confirmation."""
        require(request.user, "batchcalls.view_apikey", "batchcalls.change_apikey")
        key = row_or_404(_keys(request), pk)

        def revoke() -> Done | str:
            if not api_keys.revoke(key):
                return Done(f"{key.name} was revoked before.", tone=messages.INFO)
            self.log_change(request, key, "Revoked.")
            return f"{key.name} no longer works."

        return self.confirm(
            request,
            "apikey/revoke",
            revoke,
            title=f"Revoke {key.name}?",
            label="Revoke",
            subject=key.name,
            button="Revoke the key",
            tone="danger",
            back=self.url_of("change", pk),
            key=key,
        )


def _keys(request: HttpRequest) -> QuerySet[ApiKey]:
    """Return the keys that the user may see."""
    keys = ApiKey.objects.select_related("owner")
    return keys if request.user.has_perm(EVERYBODYS) else keys.filter(owner=actor_of(request))
