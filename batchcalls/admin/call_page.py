"""The page of one call: its transcript, its result, and why it was placed."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join

from batchcalls.access import audit
from batchcalls.access.permissions import require
from batchcalls.access.sessions import is_fragment
from batchcalls.admin.listing import without_place
from batchcalls.admin.pages import OwnPages, row_or_404
from batchcalls.batches import retrying
from batchcalls.calling import call_requests
from batchcalls.database import clock
from batchcalls.models import CallEvent, CallResult
from batchcalls.models.call_fields import Kind, Place, fields_of
from batchcalls.reporting import explaining, keyset
from batchcalls.reporting.call_values import shown
from batchcalls.reporting.callees import Callees
from batchcalls.reporting.filters.calls import CallFilter, arrangement_of
from batchcalls.reporting.tables.webhooks import delivery_pill
from batchcalls.states import CALL_GIVEN_UP
from batchcalls.voice import recordings
from campaigns import pseudonyms, quoted_values
from campaigns.models import Suppression
from campaigns.prompts import MissingVariable, PromptError
from campaigns.settings_in_words import settings_by_section


class CallPage(OwnPages[CallResult]):
    """Replaces the stock page of a call."""

    def get_urls(self) -> list[URLPattern]:
        """Add the recording, which is played from our own URL."""
        return [
            self.at("<int:pk>/recording/", self.recording_view, "recording"),
            *super().get_urls(),
        ]

    def recording_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Relay the recording from the provider, in full or in the range that a player requests."""
        require(request.user, "batchcalls.view_callresult")
        call = get_object_or_404(CallResult, pk=pk)
        if not call.recording_url:
            raise Http404("This call has no recording.")
        try:
            wanted = request.headers.get("Range", "")
            recording = recordings.fetch(call.recording_url, wanted=wanted)
        except recordings.NoRecording as problem:
            text = f"The recording cannot be played. {problem}"
            return HttpResponse(text, status=502, content_type="text/plain; charset=utf-8")
        audit.viewed([call], audit.RECORDING)
        return StreamingHttpResponse(
            recording,
            status=recording.status,
            content_type=recording.content_type or "application/octet-stream",
            headers={
                **recording.headers,
                "Content-Disposition": "inline",
                "Cache-Control": "private, max-age=300",
            },
        )

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show everything about the call, or only the fragment for an automatic refresh."""
        require(request.user, "batchcalls.view_callresult")
        rows = CallResult.objects.select_related(
            "batch__campaign", "batch__account", "recipient", "account"
        )
        call = row_or_404(rows, object_id)
        call.recipient.batch = call.batch
        events = list(CallEvent.objects.filter(call=call).order_by("occurred_at", "pk"))
        attempts = list(call.recipient.calls.order_by("attempt"))
        audit.viewed([call])
        raw_allowed = request.user.has_perm("batchcalls.view_callevent")
        return self.page(
            request,
            "callresult/change_form",
            f"Call to {call.to_number}",
            fragment="live",
            call=call,
            callee=Callees([call], chosen=request.GET.get("callee", "")).name_of(call),
            **({} if is_fragment(request) else _around(call, request)),
            facts=facts(call, attempts, request),
            **explaining.turned_up(attempts),
            moments=moments(call, events),
            decisions=explaining.decisions_before(call),
            said=what_was_said(call),
            set_in_call={
                name: value
                for name, value in call.variables.items()
                if call.recipient.request_data.get(name) != value
            },
            is_live=call.ended_at is None,
            deliveries=[
                (one, delivery_pill(one))
                for one in call.webhook_deliveries.select_related("endpoint").defer("body")
            ]
            if request.user.has_perm("batchcalls.view_webhookdelivery")
            else [],
            payloads=[
                (event, json.dumps(event.payload, indent=2, ensure_ascii=False))
                for event in events
                if event.payload
            ]
            if raw_allowed
            else [],
        )


def _around(call: CallResult, request: HttpRequest) -> dict[str, Any]:
    """Return the calls before and after this one in the log, and what can be done about it.

    The URL has the filter of the log from which the page was opened.
    """
    arrangement = arrangement_of(request.GET)
    narrowed = CallFilter(request.GET, queryset=CallResult.objects.all())
    rows = narrowed.qs if narrowed.is_valid() else CallResult.objects.all()
    previous, following = keyset.neighbors_of(
        call, rows, order=arrangement.order, ascending=arrangement.ascending
    )
    user = request.user
    # A number in a URL is for those alone who see it.
    may_add = user.has_perms(["campaigns.add_suppression", "batchcalls.view_numbers"])
    return {
        "query": without_place(request.GET),
        "previous": previous,
        "following": following,
        "may_call_again": user.has_perm("batchcalls.launch_batch")
        and retrying.may_call_again(call.recipient),
        "may_add_number": may_add and not pseudonyms.is_pseudonym(call.to_number),
        "is_listed": Suppression.objects.in_force(clock.now()).about(call.to_number).exists()
        if may_add
        else False,
    }


def facts(
    call: CallResult, attempts: list[CallResult], request: HttpRequest
) -> list[tuple[str, str, str]]:
    """Return the label, value and CSS class of each fact about a call."""
    recipient = call.recipient
    own = {
        "error_message": call.error_message or call.error_code,
        "batch": _link(request, call.batch, call.batch.name),
        "row": _link(request, recipient, intcomma(recipient.row_number)),
        "attempt": _attempts(call, attempts),
    }
    found = []
    for one in fields_of(Place.PAGE):
        value = own[one.name] if one.name in own else shown(one, call)
        if value or one.name != "error_message":
            css = "number" if one.kind is Kind.PHONE else ""
            # The page lists all attempts, so the label is plural.
            label = "Attempts" if one.name == "attempt" else one.label
            found.append((label, value or "–", css))
    return found


def _link(request: HttpRequest, row: Model, text: str) -> str:
    """Link to the page of a row if the user may open it."""
    if not request.user.has_perm(f"batchcalls.view_{row._meta.model_name}"):
        return text
    url = reverse(f"admin:batchcalls_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, text)


def _attempts(call: CallResult, attempts: list[CallResult]) -> str:
    """List every attempt at the recipient with its status, and link to the other attempts."""
    return format_html_join(
        ", ",
        "{} {}",
        (
            (
                format_html("<strong>{}</strong>", one.attempt)
                if one.pk == call.pk
                else format_html(
                    '<a href="{}">{}</a>',
                    reverse("admin:batchcalls_callresult_change", args=[one.pk]),
                    one.attempt,
                ),
                one.get_status_display(),
            )
            for one in attempts
        ),
    )


def moments(call: CallResult, events: list[CallEvent]) -> list[tuple[Any, str, str]]:
    """Return the timeline of a call in order: our own steps and the provider's events."""
    own = [
        (call.claimed_at, "Queued", "all checks passed"),
        (call.placed_at, "Placed", f"taken by {call.account}"),
        (call.answered_at, "Answered", str(call.get_answered_by_display())),
        (call.given_up_at, "Given up", "its answer was lost, and no call was found"),
        (
            None if call.status in CALL_GIVEN_UP else call.ended_at,
            "Ended",
            str(call.get_status_display()),
        ),
    ]
    told = [
        (
            event.occurred_at,
            f"{event.get_status_display()} (provider)",
            event.provider_status,
        )
        for event in events
    ]
    return sorted((one for one in [*own, *told] if one[0]), key=lambda one: one[0])


def what_was_said(call: CallResult) -> dict[str, Any]:
    """Return the request as it was placed. It is composed again from rows that do not change."""
    try:
        request = call_requests.build(call.batch, call.recipient, call)
    except (MissingVariable, PromptError) as error:
        return {"problem": str(error)}
    return {
        "prompt": quoted_values.plain(request.prompt),
        "pathway_id": request.pathway_id,
        "pathway_version": request.pathway_version,
        "sections": settings_by_section(dict(request.settings)),
    }
