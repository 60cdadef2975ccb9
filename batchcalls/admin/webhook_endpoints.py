"""Webhook endpoints: which events each receives, and how its deliveries are going."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.text import Truncator

from batchcalls.access import audit
from batchcalls.access.permissions import require
from batchcalls.access.sessions import is_fragment
from batchcalls.admin.actor import actor_of
from batchcalls.admin.listing import Listing, listing_of
from batchcalls.admin.pages import Done, OwnPages, row_or_404
from batchcalls.admin.webhook_form import EndpointForm
from batchcalls.models import AuditAction, WebhookDelivery, WebhookEndpoint
from batchcalls.models.webhook import FORMER_SECRET_LASTS
from batchcalls.reporting.filters.webhooks import DeliveryFilter, EndpointFilter
from batchcalls.reporting.tables.webhooks import (
    DeliveryTable,
    EndpointTable,
    scope_words,
    state_pill,
)
from batchcalls.webhooks import endpoints, outbox, signing

VIEW, CHANGE = "batchcalls.view_webhookendpoint", "batchcalls.change_webhookendpoint"
DELIVERIES_SHOWN = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An action on an endpoint that needs confirmation. ``verb`` returns the message."""

    label: str
    title: str
    verb: Callable[[WebhookEndpoint], str]
    tone: str = ""


def _rotate(endpoint: WebhookEndpoint) -> str:
    endpoints.rotate_secret(endpoint)
    return "New secret created. The old one also signs messages for another 24 hours."


def _disable(endpoint: WebhookEndpoint) -> str:
    endpoints.disable(endpoint)
    return "Switched off."


def _enable(endpoint: WebhookEndpoint) -> str:
    endpoints.enable(endpoint)
    return "Switched on. Dropped messages can be resent from their pages."


def _delete(endpoint: WebhookEndpoint) -> str:
    said = f"{endpoint} was deleted."
    endpoints.delete(endpoint)
    return said


DEEDS = {
    "rotate": Deed(label="Create new secret", title="Create new secret?", verb=_rotate),
    "disable": Deed(
        label="Switch off", title="Switch this endpoint off?", verb=_disable, tone="danger"
    ),
    "enable": Deed(label="Switch on", title="Switch this endpoint on?", verb=_enable),
}
DELETE = Deed(label="Delete", title="Delete this endpoint?", verb=_delete, tone="danger")


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(OwnPages[WebhookEndpoint]):
    """Replaces every stock page of an endpoint."""

    list_label = "Webhooks"

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the actions."""
        return [
            self.at("<uuid:pk>/edit/", self.edit_view, "edit"),
            self.at("<uuid:pk>/test/", self.test_view, "test"),
            *(self.at(f"<uuid:pk>/{one}/", self.deed_view, one, {"name": one}) for one in DEEDS),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """List the endpoints with the state of their deliveries."""
        require(request.user, VIEW)
        rows = WebhookEndpoint.objects.select_related("campaign", "batch")
        order = ("created_at", "pk")
        listing: Listing[WebhookEndpoint] = listing_of(request, rows, EndpointFilter, order=order)
        may_change = request.user.has_perm(CHANGE)
        return self.list_page(
            request,
            listing,
            EndpointTable(listing.page.rows, shows_addresses=may_change),
            shared_secret=signing.shared_secret() if may_change else "",
        )

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add an endpoint."""
        require(request.user, "batchcalls.add_webhookendpoint")
        initial = {"batch": request.GET.get("batch", ""), "campaign": request.GET.get("campaign")}
        form = EndpointForm(request.POST or None, initial=initial)
        if request.method == "POST" and form.is_valid():
            try:
                endpoint = endpoints.create(**form.cleaned_data, actor=actor_of(request))
            except ValidationError as error:
                form.add_error(None, error)
            else:
                self.message_user(request, "Endpoint added. Send a test now.", messages.SUCCESS)
                self._warn(request, endpoint)
                if request.user.has_perm(VIEW):
                    return redirect(self.url_of("change", endpoint.pk))
                return redirect("admin:index")
        return self.page(request, "webhookendpoint/form", "Add a webhook endpoint", form=form)

    def edit_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Change an endpoint."""
        require(request.user, CHANGE, VIEW)
        endpoint = self._present(pk)
        form = EndpointForm(request.POST or None, instance=endpoint)
        if request.method == "POST" and form.is_valid():
            try:
                endpoints.change(endpoint, **form.cleaned_data)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                self.message_user(request, "Saved.", messages.SUCCESS)
                self._warn(request, endpoint)
                return redirect(self.url_of("change", pk))
        return self.page(
            request,
            "webhookendpoint/form",
            "Change this endpoint",
            form=form,
            endpoint=self._present(pk),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show an endpoint's state and its messages, or only the messages as a fragment."""
        require(request.user, VIEW)
        endpoint = self._endpoint(object_id)
        more: dict[str, Any] = {}
        if request.user.has_perm("batchcalls.view_webhookdelivery"):
            rows = WebhookDelivery.objects.filter(endpoint=endpoint)
            rows = rows.select_related("batch", "call", "endpoint").defer("body")
            listing: Listing[WebhookDelivery] = listing_of(
                request, rows, DeliveryFilter, size=DELIVERIES_SHOWN
            )
            table = DeliveryTable(listing.page.rows, shows_addresses=False, shows_target=False)
            # Later pages do not refresh automatically.
            is_live = listing.page.newest is None and any(
                row.next_attempt_at is not None for row in listing.page.rows
            )
            more = {"listing": listing, "table": table, "is_live": is_live}
        shows_secret = endpoint.deleted_at is None and request.user.has_perm(CHANGE)
        if shows_secret and not is_fragment(request):
            audit.record(AuditAction.SECRET_SHOWN, endpoint)
            more["secret"] = signing.secret_of(endpoint)
            rotated = endpoint.rotated_at
            more["former_until"] = rotated + FORMER_SECRET_LASTS if rotated else None
        return self.page(
            request,
            "webhookendpoint/page",
            str(endpoint),
            fragment="rows",
            endpoint=endpoint,
            state=state_pill(endpoint),
            scope=scope_words(endpoint),
            **more,
        )

    def test_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Send a test message."""
        require(request.user, CHANGE, VIEW)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            outbox.send_test(self._present(pk))
        except outbox.CannotSend as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            said = "Test sent. It appears at the top of the deliveries."
            self.message_user(request, said, messages.SUCCESS)
        return redirect(self.url_of("change", pk))

    def deed_view(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        """Explain what will happen, and do it on confirmation."""
        require(request.user, CHANGE, VIEW)
        return self._confirm(request, self._present(pk), name, DEEDS[name])

    def delete_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Delete an endpoint. Its messages stay."""
        require(request.user, "batchcalls.delete_webhookendpoint", VIEW)
        to = self.url_of("changelist")
        return self._confirm(request, self._present(object_id), "delete", DELETE, to=to)

    def _confirm(
        self, request: HttpRequest, endpoint: WebhookEndpoint, name: str, deed: Deed, to: str = ""
    ) -> HttpResponse:
        return self.confirm(
            request,
            "webhookendpoint/confirm",
            lambda: Done(deed.verb(endpoint), to),
            title=deed.title,
            label=deed.label,
            subject=Truncator(endpoint).chars(60),
            tone=deed.tone,
            back=self.url_of("change", endpoint.pk),
            back_label="Back to the endpoint",
            endpoint=endpoint,
            name=name,
            waiting=endpoint.deliveries.filter(next_attempt_at__isnull=False).count(),
            kept=endpoint.deliveries.count(),
        )

    def _warn(self, request: HttpRequest, endpoint: WebhookEndpoint) -> None:
        for warning in endpoint.warnings:
            self.message_user(request, warning, messages.WARNING)

    def _present(self, pk: UUID | str) -> WebhookEndpoint:
        endpoint = self._endpoint(pk)
        if endpoint.deleted_at is not None:
            raise Http404("This endpoint was deleted.")
        return endpoint

    def _endpoint(self, pk: UUID | str) -> WebhookEndpoint:
        rows = WebhookEndpoint.objects.select_related("campaign", "batch", "created_by")
        return row_or_404(rows, pk)
