"""Opt-out sources: systems that report opt-outs by webhook, and their secrets."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.listing import Listing, listing_of
from batchcalls.admin.pages import Done, OwnPages, row_or_404
from batchcalls.batches import opt_out_sources
from batchcalls.database import clock
from batchcalls.models import OptOutSource
from batchcalls.models.webhook import FORMER_SECRET_LASTS
from batchcalls.reporting.filters.listing import ListFilter
from batchcalls.reporting.tables.opt_out_sources import OptOutSourceTable
from batchcalls.webhooks import signing

VIEW, CHANGE = "batchcalls.view_optoutsource", "batchcalls.change_optoutsource"
MESSAGES_SHOWN = 20
#: The label and the question of each action.
_ACTIONS = {
    "rotate": ("New secret", "Create a new secret?"),
    "disable": ("Turn off", "Turn this source off?"),
    "enable": ("Turn on", "Turn this source on?"),
}


class OptOutSourceForm(forms.ModelForm[OptOutSource]):
    """The name of a source."""

    class Meta:
        model = OptOutSource
        fields = ["name"]


@admin.register(OptOutSource)
class OptOutSourceAdmin(OwnPages[OptOutSource]):
    """Replaces the stock pages. Sources are turned off, not deleted: their messages are proof."""

    list_label = "Opt-out sources"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the actions."""
        actions = [
            self.at(f"<uuid:pk>/{name}/", self.action_view, name, {"name": name})
            for name in _ACTIONS
        ]
        return [*actions, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """List the sources."""
        require(request.user, VIEW)
        listing: Listing[OptOutSource] = listing_of(
            request, OptOutSource.objects.all(), ListFilter, order=("created_at", "pk")
        )
        return self.list_page(request, listing, OptOutSourceTable(listing.page.rows))

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add a source."""
        require(request.user, "batchcalls.add_optoutsource", VIEW)
        form = OptOutSourceForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            name = form.cleaned_data["name"]
            source = opt_out_sources.create(name, actor=actor_of(request))
            self.log_addition(request, source, [{"added": {}}])
            self.message_user(request, f"{name} added.", messages.SUCCESS)
            return redirect(self.url_of("change", source.pk))
        return self.page(request, "optoutsource/add", "Add an opt-out source", form=form)

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show a source's address, its secret, and its last messages."""
        require(request.user, VIEW)
        source = row_or_404(OptOutSource.objects.select_related("created_by"), object_id)
        now = clock.now()
        secrets = signing.source_secrets(source, now=now)
        return self.page(
            request,
            "optoutsource/page",
            source.name,
            source=source,
            secret=secrets[0] if request.user.has_perm(CHANGE) else "",
            former_until=source.rotated_at + FORMER_SECRET_LASTS
            if source.rotated_at and len(secrets) > 1
            else None,
            received=source.messages.all()[:MESSAGES_SHOWN],
        )

    def action_view(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        """Explain what will happen, and do it on confirmation."""
        require(request.user, CHANGE, VIEW)
        source = row_or_404(OptOutSource.objects.all(), pk)
        label, title = _ACTIONS[name]

        def act() -> Done:
            if name == "rotate":
                opt_out_sources.rotate_secret(source)
                done = "New secret created. The old one works for another 24 hours."
            else:
                opt_out_sources.switch(source, on=name == "enable")
                done = f"{source} turned {'on' if source.enabled else 'off'}."
            self.log_change(request, source, done)
            return Done(done)

        return self.confirm(
            request,
            "optoutsource/confirm",
            act,
            title=title,
            label=label,
            subject=source.name,
            tone="danger" if name == "disable" else "",
            back=self.url_of("change", pk),
            back_label="Back to the source",
            name=name,
        )
