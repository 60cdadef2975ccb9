"""A person says whether an unconfirmed call was placed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.calling import unconfirmed
from batchcalls.models import CallResult


class SettleForm(forms.Form):
    """What a person found out about a call of which the provider could not tell."""

    verdict = forms.ChoiceField(
        label="What happened",
        choices=[
            ("placed", "It was placed: nobody is called again"),
            ("not_placed", "It was not placed: call again"),
        ],
        widget=forms.RadioSelect,
    )
    provider_call_id = forms.CharField(
        label="Provider's id of the call",
        required=False,
        max_length=100,
        widget=AdminTextInputWidget,
        help_text="If it was placed: with its id, the result is fetched from the provider.",
    )
    note = forms.CharField(
        required=False,
        max_length=500,
        widget=AdminTextInputWidget,
        help_text="How you know; kept in the batch's log.",
    )

    def clean(self) -> dict[str, Any]:
        """Refuse an id of a call that was not placed."""
        data = super().clean() or {}
        if data.get("verdict") == "not_placed" and data.get("provider_call_id"):
            self.add_error("provider_call_id", "A call that was not placed has no id.")
        return data


class SettlingPage(admin.ModelAdmin[CallResult]):
    """Adds the page on which an unconfirmed call is settled."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page."""
        settle = self.admin_site.admin_view(self.settle_view)
        return [
            path("<int:pk>/settle/", settle, name="batchcalls_callresult_settle"),
            *super().get_urls(),
        ]

    def settle_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask whether an unconfirmed call was placed, and act on the answer."""
        require(request.user, "batchcalls.settle_callresult")
        call = CallResult.objects.select_related("batch").filter(pk=pk).first()
        if call is None:
            raise Http404("This attempt is gone: it was not placed, and its recipient is queued.")
        form = SettleForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                return self._settle(request, call, form.cleaned_data)
            except unconfirmed.CannotSettle as refusal:
                form.add_error(None, str(refusal))
        context = {
            **self.admin_site.each_context(request),
            "title": "Was this call placed?",
            "opts": self.opts,
            "call": call,
            "form": form,
        }
        return TemplateResponse(request, "admin/batchcalls/callresult/settle.html", context)

    def _settle(
        self, request: HttpRequest, call: CallResult, found: dict[str, Any]
    ) -> HttpResponse:
        actor, note = actor_of(request), found["note"]
        if found["verdict"] == "placed":
            unconfirmed.was_placed(
                call, actor=actor, provider_call_id=found["provider_call_id"], note=note
            )
            self.message_user(request, "Settled: it was placed.", messages.SUCCESS)
            return redirect("admin:batchcalls_callresult_change", call.pk)
        unconfirmed.was_not_placed(call, actor=actor, note=note)
        self.message_user(request, f"Settled: {call.to_number} is called again.", messages.SUCCESS)
        return redirect("admin:batchcalls_batch_change", call.batch_id)
