"""The page after a restore from a backup: who was called since, and resuming."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from batchcalls import queue
from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.emergency import PERMISSION
from batchcalls.admin.pages import Done, act
from batchcalls.batches import epochs
from batchcalls.calling import restored_rows
from batchcalls.models import Batch, EmergencyStop


class RestoredForm(forms.Form):
    """What to do about a restored database."""

    action = forms.ChoiceField(
        choices=[("declare", "It was restored"), ("reconcile", "Ask"), ("give_up", "Give up")]
    )


class SettleForm(forms.Form):
    """Whether a batch's recipients in doubt were called."""

    batch = forms.ModelChoiceField(Batch.objects.all())
    called = forms.TypedChoiceField(
        choices=[("yes", "Called"), ("no", "Not called")], coerce=lambda value: value == "yes"
    )
    confirmed = forms.BooleanField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def restored_view(request: HttpRequest) -> HttpResponse:
    """Show what is known since the backup; on POST, stop calling or ask the providers."""
    require(request.user, PERMISSION)

    def do(action: str) -> Done | str:
        if action == "declare":
            epochs.declare_restored(actor=actor_of(request))
            return "All calling is stopped. Ask the providers who was called since the backup."
        stop = EmergencyStop.objects.restored().first()
        if stop is None or not stop.must_reconcile:
            return Done("There is nothing left to ask.", tone=messages.WARNING)
        queue.ring(queue.RECONCILE_RESTORED, int(action == "give_up"))
        return "The providers are being asked. Reload this page in a moment to see the result."

    here = reverse("admin:restored")
    answer = act(request, do, form=RestoredForm(request.POST or None), back=here)
    return answer or TemplateResponse(request, "admin/restored.html", _context(request))


@require_POST
def settle_view(request: HttpRequest) -> HttpResponse:
    """Record whether a batch's recipients in doubt were called; confirm before calling them."""
    require(request.user, PERMISSION)

    def settle(batch: Batch, called: bool, confirmed: bool) -> str:
        count = restored_rows.settle(batch, called=called, actor=actor_of(request))
        verdict = pluralize(count, "counts,count") + " as called"
        if not called:
            verdict = pluralize(count, "is,are") + " called again"
        return f"Settled: {count:,} recipient{pluralize(count)} of {batch} {verdict}."

    here = reverse("admin:restored")
    refusals = (restored_rows.CannotSettle,)
    form = SettleForm(request.POST)
    if form.is_valid() and not (form.cleaned_data["called"] or form.cleaned_data["confirmed"]):
        batch = form.cleaned_data["batch"]
        count = restored_rows.in_doubt(batch).count()
        context = admin.site.each_context(request)
        context |= {"title": "Call these recipients?", "batch": batch, "count": count}
        return TemplateResponse(request, "admin/restored_settle.html", context)
    answer = act(request, settle, form=form, back=here, refusals=refusals)
    return answer or TemplateResponse(request, "admin/restored.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    context = admin.site.each_context(request)
    return {
        **context,
        "title": "Restored from a backup",
        "restored": EmergencyStop.objects.restored().first(),
        "in_doubt": restored_rows.batches_in_doubt(),
    }
