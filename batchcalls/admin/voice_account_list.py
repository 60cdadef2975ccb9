"""The list of voice accounts, and their switch."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.listing import Listing, listing_of
from batchcalls.batches import halts
from batchcalls.models import VoiceAccount
from batchcalls.reporting.account_figures import live_calls, use_of
from batchcalls.reporting.filters.voice_accounts import VoiceAccountFilter
from batchcalls.reporting.tables.voice_accounts import VoiceAccountTable

CHANGE = "batchcalls.change_voiceaccount"


class SwitchForm(forms.Form):
    """Which way; so that a page that was opened long ago does not do the opposite."""

    to = forms.ChoiceField(choices=[("on", "on"), ("off", "off")], widget=forms.HiddenInput)


class VoiceAccountListPage(admin.ModelAdmin[VoiceAccount]):
    """Replaces the stock list of voice accounts, and adds the page of the switch."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page of the switch."""
        switch = self.admin_site.admin_view(self.switch_view)
        return [
            path("<int:pk>/switch/", switch, name="batchcalls_voiceaccount_switch"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one page of accounts, with the calls that are live through each."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        listing: Listing[VoiceAccount] = listing_of(
            request,
            VoiceAccount.objects.all(),
            VoiceAccountFilter,
            order=("name", "pk"),
            ascending=True,
        )
        live = live_calls(listing.page.rows)
        for account in listing.page.rows:
            account.live = live.get(account.pk, 0)  # type: ignore[attr-defined]
        may_change = self.has_change_permission(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "Voice accounts",
            "opts": self.opts,
            "listing": listing,
            "table": VoiceAccountTable(listing.page.rows, may_change=may_change),
            "can_create": self.has_add_permission(request),
        }
        return TemplateResponse(request, "admin/batchcalls/voiceaccount/change_list.html", context)

    def switch_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what switching an account means for its batches, and do it when it is confirmed."""
        require(request.user, CHANGE)
        account = get_object_or_404(VoiceAccount, pk=pk)
        to = "off" if account.enabled else "on"
        form = SwitchForm(request.POST if request.method == "POST" else None, initial={"to": to})
        if request.method == "POST" and form.is_valid():
            is_on = form.cleaned_data["to"] == "on"
            try:
                halts.switch_account(account, on=is_on, actor=actor_of(request))
            except halts.HaltConflict as error:
                self.message_user(request, str(error), messages.WARNING)
            else:
                what = "Switched on." if is_on else "Switched off."
                self.log_change(request, account, what)
                then = "Its batches go on." if is_on else "Nobody is called through it."
                said = f"The account {account} is switched {'on' if is_on else 'off'}. {then}"
                self.message_user(request, said, messages.SUCCESS)
            return redirect("admin:batchcalls_voiceaccount_change", pk)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Switch {account} {to}?",
            "opts": self.opts,
            "account": account,
            "to": to,
            "use": use_of(account),
            "form": form,
        }
        return TemplateResponse(request, "admin/batchcalls/voiceaccount/switch.html", context)
