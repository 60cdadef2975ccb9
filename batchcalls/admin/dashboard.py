"""The dashboard: what is running, today's figures, and what needs attention."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from batchcalls.access.sessions import is_fragment
from batchcalls.admin.pages import refresh
from batchcalls.database import clock
from batchcalls.models import Batch, VoiceAccount
from batchcalls.reporting import charts, daily_figures, dashboard_figures
from batchcalls.reporting.batch_figures import totals_of
from batchcalls.reporting.formatting import short_date
from batchcalls.reporting.waiting import waiting_of
from batchcalls.reporting.worker_state import clock_state, worker_state
from batchcalls.states import BATCH_ACTIVE
from campaigns.models import Campaign

RUNNING_SHOWN = 8


def index_view(request: HttpRequest, context: dict[str, Any]) -> TemplateResponse:
    """Show the cards that the user may see, or only the live fragment."""
    user = request.user
    sees_batches = user.has_perm("batchcalls.view_batch")
    if sees_batches:
        context |= _running()
    if user.has_perm("batchcalls.view_callresult"):
        # Days are counted once for everybody, so that they are those of the site's time zone.
        with timezone.override(timezone.get_default_timezone()):
            context |= _calls()
    if sees_batches:
        context |= _first_steps(user)
        context["troubles"] = [
            trouble
            for trouble in dashboard_figures.troubles()
            if user.has_perm(f"batchcalls.view_{trouble.kind}")
        ]
    if user.has_perm("batchcalls.view_workerheartbeat"):
        now = clock.now()
        context |= {"worker": worker_state(now), "clocks": clock_state(now)}
    if is_fragment(request):
        return refresh(request, "admin/dashboard_live.html", context)
    return TemplateResponse(request, "admin/index.html", context)


def _running() -> dict[str, Any]:
    rows = Batch.objects.filter(status__in=BATCH_ACTIVE).order_by("-created_at", "-pk")
    found = list(rows[: RUNNING_SHOWN + 1])
    shown = found[:RUNNING_SHOWN]
    totals, waiting = totals_of(shown), waiting_of(shown)
    return {
        "running": [(batch, totals[batch.pk], waiting.get(batch.pk)) for batch in shown],
        "more_running": len(found) > RUNNING_SHOWN,
    }


def _calls() -> dict[str, Any]:
    figures = daily_figures.shown()
    if figures is None:
        return {"is_counting": True}
    today, days = figures
    calls_url = reverse("admin:batchcalls_callresult_changelist")
    return {
        "today": today,
        "per_day": charts.bar_chart(
            [(short_date(day.day), day.calls) for day in days],
            title="Calls per day",
            urls=[f"{calls_url}?from={day.day}&to={day.day}" for day in days],
        ),
        "answer_rate": charts.bar_chart(
            [(short_date(day.day), round(day.rate)) for day in days],
            title="Answered by a person",
            unit="%",
        ),
    }


def _first_steps(user: Any) -> dict[str, Any]:
    """Return the steps to the first batch, for an installation that has no batches."""
    if Batch.objects.exists():
        return {}
    return {
        "first_steps": {
            # The built-in account is created when it is first needed.
            "account": VoiceAccount.objects.filter(enabled=True).exists()
            or not VoiceAccount.objects.exists(),
            "campaign": Campaign.objects.exists(),
        }
    }
