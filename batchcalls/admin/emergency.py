"""The pages of the emergency stop: stop all calling, and resume it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.pages import Verb, act
from batchcalls.batches import halts
from batchcalls.models import Batch, CallResult, EmergencyStop

PERMISSION = "batchcalls.engage_emergencystop"
#: How many earlier stops the page shows.
EARLIER_SHOWN = 10


class StopForm(forms.Form):
    """The reason for stopping all calls."""

    reason = forms.CharField(
        max_length=halts.LONGEST_REASON,
        help_text="Shown on every page during the stop, and saved in the batches' logs.",
        error_messages={"required": "Enter a reason for stopping all calls."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class LiftForm(forms.Form):
    """The stop that the page showed to the user."""

    stop = forms.ModelChoiceField(EmergencyStop.objects.all(), widget=forms.HiddenInput)
    #: Confirms that a restored database was not reconciled.
    unreconciled = forms.BooleanField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def stop_view(request: HttpRequest) -> HttpResponse:
    """Explain what a stop would do, and stop all calling on POST."""
    require(request.user, PERMISSION)
    form = StopForm(request.POST or None)

    def stop(reason: str) -> str:
        halts.engage(actor_of(request), reason)
        return "All calling is stopped. No one is dialed until someone resumes it."

    if answer := _act(request, stop, form):
        return answer
    earlier = EmergencyStop.objects.filter(in_force=None)
    context = _context(request, "Stop all calls") | {
        "form": form,
        "earlier": earlier.select_related("stopped_by", "lifted_by")[:EARLIER_SHOWN],
    }
    return TemplateResponse(request, "admin/emergency_stop.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def lift_view(request: HttpRequest) -> HttpResponse:
    """Explain what resumes when the stop is lifted, and lift it on POST."""
    require(request.user, PERMISSION)

    def lift(stop: EmergencyStop, unreconciled: bool) -> str:
        halts.lift(actor_of(request), stop, unreconciled=unreconciled)
        return "Calling resumed."

    return _act(request, lift, LiftForm(request.POST or None)) or TemplateResponse(
        request, "admin/emergency_lift.html", _context(request, "Resume calling")
    )


def _act(request: HttpRequest, verb: Verb, form: forms.Form) -> HttpResponse | None:
    return act(
        request,
        verb,
        form=form,
        back=reverse("admin:index"),
        refusals=(halts.HaltConflict,),
        refusal_tone=messages.WARNING,
    )


def _context(request: HttpRequest, title: str) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": title,
        "batches": Batch.objects.calling().count(),
        "live": CallResult.objects.live().count(),
    }
