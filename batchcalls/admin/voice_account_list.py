"""The list of voice accounts, and the page that switches one on or off."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.listing import Listing, listing_of
from batchcalls.admin.pages import OwnPages
from batchcalls.batches import halts
from batchcalls.models import VoiceAccount
from batchcalls.reporting.account_figures import live_calls, use_of
from batchcalls.reporting.filters.voice_accounts import VoiceAccountFilter
from batchcalls.reporting.tables.voice_accounts import VoiceAccountTable

CHANGE = "batchcalls.change_voiceaccount"


class SwitchForm(forms.Form):
    """The direction of the switch, so that an old page does not do the opposite."""

    to = forms.ChoiceField(choices=[("on", "on"), ("off", "off")], widget=forms.HiddenInput)


class VoiceAccountListPage(OwnPages[VoiceAccount]):
    """Replaces the stock list of voice accounts, and adds the page of the switch."""

    list_label = "Voice accounts"

    def get_urls(self) -> list[URLPattern]:
        """Add the page of the switch."""
        return [
            self.at("<int:pk>/switch/", self.switch_view, "switch"),
            self.at("<int:pk>/try-now/", self.try_now_view, "try_now"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show one page of accounts, each with its live calls."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        listing: Listing[VoiceAccount] = listing_of(
            request,
            VoiceAccount.objects.annotate(caller_id_count=Count("caller_ids")),
            VoiceAccountFilter,
            order=("name", "pk"),
            ascending=True,
        )
        live = live_calls(listing.page.rows)
        for account in listing.page.rows:
            account.live = live.get(account.pk, 0)  # type: ignore[attr-defined]
        may_change = self.has_change_permission(request)
        return self.list_page(
            request,
            listing,
            VoiceAccountTable(listing.page.rows, may_change=may_change),
            can_create=self.has_add_permission(request),
        )

    def switch_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Explain what the switch means for the account's batches, and switch on confirmation."""
        require(request.user, CHANGE)
        account = get_object_or_404(VoiceAccount, pk=pk)
        to = "off" if account.enabled else "on"
        form = SwitchForm(request.POST if request.method == "POST" else None, initial={"to": to})

        def switch(to: str) -> str:
            is_on = to == "on"
            halts.switch_account(account, on=is_on, actor=actor_of(request))
            self.log_change(request, account, f"Switched {to}.")
            then = "Its batches continue." if is_on else "It places no calls."
            return f"The account {account} is switched {to}. {then}"

        return self.confirm(
            request,
            "voiceaccount/switch",
            switch,
            title=f"Switch {account} {to}?",
            label=f"Switch {to}",
            subject=account,
            tone="danger" if to == "off" else "",
            back=self.url_of("change", pk),
            back_label="Back to the account",
            form=form,
            refusals=(halts.HaltConflict,),
            refusal_tone=messages.WARNING,
            to=to,
            use=use_of(account),
        )

    def try_now_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End a hold, and return to the account or to the batch that the button was on."""
        require(request.user, CHANGE)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        account = get_object_or_404(VoiceAccount, pk=pk)
        try:
            halts.end_hold(account, actor=actor_of(request))
        except halts.HaltConflict as conflict:
            self.message_user(request, str(conflict), messages.WARNING)
        else:
            self.log_change(request, account, "Ended the hold.")
            message = f"Calls through {account} start now, unless its provider asks to wait again."
            self.message_user(request, message, messages.SUCCESS)
        try:
            return redirect("admin:batchcalls_batch_change", UUID(request.POST.get("batch", "")))
        except ValueError:
            return redirect("admin:batchcalls_voiceaccount_change", pk)
