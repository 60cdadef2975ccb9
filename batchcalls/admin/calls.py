"""Call results: each attempt, from "about to dial" to transcript."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from batchcalls import unconfirmed
from batchcalls.admin import downloads
from batchcalls.admin.actor import actor_of
from batchcalls.admin.permissions import require
from batchcalls.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from batchcalls.exports.call_log import UnknownFilter, matching
from batchcalls.models import CallEvent, CallResult, Export, ExportKind
from batchcalls.querysets import CallResultQuerySet


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


class CallEventInline(ReadOnlyInline[CallEvent, CallResult]):
    model = CallEvent
    fields = ["status", "provider_status", "occurred_at", "received_at"]


@admin.register(CallResult)
class CallResultAdmin(ReadOnlyAdmin[CallResult]):
    list_display = [
        "call_id",
        "to_number",
        "status",
        "answered_by",
        "disposition",
        "duration_seconds",
        "price",
        "attempt",
        "claimed_at",
        "batch",
    ]
    list_filter = ["status", "answered_by", "disposition", "account", "claimed_at"]
    list_select_related = ["batch"]
    search_fields = ["call_id", "to_number", "batch__id", "provider_call_id"]
    search_help_text = "A call ID, a number, or a batch ID."
    fields = [
        "call_id",
        "batch",
        "recipient",
        "account",
        "attempt",
        ("to_number", "from_number"),
        ("status", "provider_status"),
        ("answered_by", "disposition"),
        ("duration_seconds", "price", "currency"),
        "summary",
        "conversation",
        "variables",
        "extracted",
        "recording_url",
        "checks",
        ("error_code", "error_message"),
        ("claimed_at", "placed_at", "answered_at", "ended_at"),
        "provider_call_id",
    ]
    inlines = [CallEventInline]

    def get_urls(self) -> list[URLPattern]:
        """Add the page on which a person settles an unconfirmed call."""
        settle = self.admin_site.admin_view(self.settle_view)
        return [
            path("<int:pk>/settle/", settle, name="batchcalls_callresult_settle"),
            path(
                "export.<str:form>",
                self.admin_site.admin_view(self.export_view),
                name="batchcalls_callresult_export",
            ),
            *super().get_urls(),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CallResult], search_term: str
    ) -> tuple[QuerySet[CallResult], bool]:
        """Search as the export does."""
        calls = cast("CallResultQuerySet[CallResult]", queryset)
        return (calls.search(search_term) if search_term else calls), False

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """Send the calls that the page shows under the same filters."""
        require(request, "batchcalls.export_callresult", "batchcalls.view_callresult")
        if form not in {"csv", "xlsx"}:
            raise Http404("There is no such file.")
        query = request.GET.copy()
        query.pop("bom", None)
        export = Export(kind=ExportKind.CALL_LOG, query=query.urlencode())
        try:
            rows = matching(export.query).count() if form == "xlsx" else 0
            return downloads.send(request, export, form=form, rows=rows)
        except UnknownFilter as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect("admin:batchcalls_callresult_changelist")

    def settle_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask whether an unconfirmed call was placed, and act on the answer."""
        require(request, "batchcalls.settle_callresult")
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

    @admin.display(description="Transcript")
    def conversation(self, call: CallResult) -> SafeString | str:
        """Show who said what, and when."""
        return (
            format_html_join(
                "",
                "<p>{} <strong>{}</strong> {}</p>",
                (
                    (f"{turn['at_seconds']:.0f} s", turn["speaker"].capitalize(), turn["text"])
                    for turn in call.transcript
                ),
            )
            or "Nobody spoke."
        )
