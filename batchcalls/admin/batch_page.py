"""The page of a batch: live figures, and a tab for each kind of detail."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.formats import date_format

from batchcalls.access.permissions import require
from batchcalls.access.sessions import is_fragment
from batchcalls.admin.actor import actor_of
from batchcalls.admin.batch_actions import actions_for
from batchcalls.admin.listing import listing_of
from batchcalls.admin.pages import OwnPages, row_or_404
from batchcalls.calling import frequency
from batchcalls.calling.turned_up import POSSIBLE_DOUBLE_DIAL
from batchcalls.database import clock
from batchcalls.intake import dry_run, estimate, file_formats, uploads
from batchcalls.lists.mapping import MappingError
from batchcalls.models import Batch, BatchEvent, Recipient, StoredList
from batchcalls.reporting import batch_figures, breakdown, budget_figures, charts
from batchcalls.reporting.batch_figures import Timeline, totals_of
from batchcalls.reporting.filters.recipients import RecipientFilter
from batchcalls.reporting.tables.recipients import RecipientTable
from batchcalls.reporting.waiting import waiting_of
from batchcalls.states import (
    BATCH_ACTIVE,
    BATCH_CALLING,
    BATCH_IMPORTING,
    BATCH_JOINABLE,
    BATCH_PREPARING,
)
from campaigns.hours_in_words import hours_in_words
from campaigns.models import RulePackSwitch
from campaigns.rules import packs
from campaigns.settings_in_words import settings_by_section

EVENTS_SHOWN = 200
CALLS_SHOWN = 10
ALARMS_SHOWN = 3


class BatchPages(OwnPages[Batch]):
    """Replaces the stock page of a batch."""

    def get_urls(self) -> list[URLPattern]:
        """Add the tabs."""
        tabs: dict[str, Any] = {
            "recipients": self.recipients_view,
            "log": self.log_view,
            "dry_run": self.dry_run_view,
            "settings": self.settings_view,
        }
        return [
            *(
                self.at(f"<uuid:pk>/{name.replace('_', '-')}/", tab, name)
                for name, tab in tabs.items()
            ),
            self.at("<uuid:pk>/dry-run/again/", self.again_view, "again"),
            self.at("<uuid:pk>/mapping/save/", self.mapping_view, "mapping"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the figures and the main facts."""
        require(request.user, "batchcalls.view_batch")
        batch = self._batch(object_id)
        return self._page(
            request,
            batch,
            "overview",
            readings=[(one, file_formats.describe(one)) for one in batch.lists.all()],
            trials=list(batch.tests.order_by("-created_at")[:5]),
            events=list(_events(batch)[:6]),
            calls=list(batch.calls.select_related("recipient").order_by("-pk")[:CALLS_SHOWN])
            if request.user.has_perm("batchcalls.view_callresult")
            else [],
        )

    def recipients_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """List the rows, each with its verdict."""
        require(request.user, "batchcalls.view_batch", "batchcalls.view_recipient")
        batch = self._batch(pk)
        rows = Recipient.objects.filter(batch=batch)
        listing = listing_of(request, rows, RecipientFilter, order=("row_number",), ascending=True)
        most = batch.retry_policy.max_attempts
        table = RecipientTable(listing.page.rows, most_attempts=most)
        return self._page(request, batch, "recipients", listing=listing, table=table)

    def log_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """List who did what, and what happened."""
        require(request.user, "batchcalls.view_batch")
        batch = self._batch(pk)
        return self._page(request, batch, "log", events=list(_events(batch)[:EVENTS_SHOWN]))

    def dry_run_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show what a launch would have done at the time of the check."""
        require(request.user, "batchcalls.view_batch")
        batch = self._batch(pk)
        return self._page(request, batch, "dry_run", **report_context(batch))

    def settings_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show everything the batch was launched with."""
        require(request.user, "batchcalls.view_batch")
        batch = self._batch(pk)
        return self._page(
            request,
            batch,
            "settings",
            sections=settings_by_section(batch.call_settings),
            hours=hours_in_words(batch.calling_hours),
            packs_now=packs.versions(),
            retry=batch.retry_policy,
            caps=[
                window.counted(limit)
                for window, limit in frequency.caps_of(batch, None, now=clock.now()).limits.values()
            ],
            columns=[(one, uploads.preview(one)) for one in batch.lists.all()],
            endpoints=list(batch.webhook_endpoints.present())
            if request.user.has_perm("batchcalls.view_webhookendpoint")
            else [],
        )

    def again_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Run the dry run again."""
        require(request.user, "batchcalls.change_batch")
        batch = self._batch(pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if batch.dry_run:
            dry_run.store(batch)
            self.message_user(request, "Recalculated.", messages.SUCCESS)
        return redirect("admin:batchcalls_batch_dry_run", pk)

    def mapping_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Save the column mapping of a list under a name."""
        require(request.user, "campaigns.add_columnmapping", "batchcalls.view_batch")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        batch = self._batch(pk)
        lists = {str(one.pk): one for one in StoredList.objects.filter(batch=batch)}
        stored = lists.get(request.POST.get("list", ""))
        if stored is None:
            raise Http404("The batch has no such list.")
        if name := request.POST.get("name", "").strip()[:200]:
            try:
                uploads.save_mapping(stored, name=name, actor=actor_of(request))
            except MappingError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, f"The mapping was saved as {name}.", messages.SUCCESS)
        else:
            self.message_user(request, "Give the mapping a name.", messages.ERROR)
        return redirect("admin:batchcalls_batch_settings", pk)

    def _batch(self, pk: UUID | str) -> Batch:
        rows = Batch.objects.select_related("campaign", "account", "created_by", "test_of")
        return row_or_404(rows, pk)

    def _page(self, request: HttpRequest, batch: Batch, tab: str, **more: Any) -> HttpResponse:
        user = request.user
        return self.page(
            request,
            f"batch/{tab}",
            batch.name,
            **self._live(request, batch, tab),
            tab=tab,
            # A refresh renders the parts that change, of whichever tab is open.
            layout=f"admin/batchcalls/batch/{'refresh' if is_fragment(request) else 'page'}.html",
            actions=actions_for(batch, user),
            goes_on=batch.status in BATCH_PREPARING and user.has_perm("batchcalls.change_batch"),
            takes_rows=(batch.status in BATCH_JOINABLE or batch.awaits_correction)
            and user.has_perms(["batchcalls.change_batch", "batchcalls.launch_batch"]),
            **more,
        )

    def _live(self, request: HttpRequest, batch: Batch, tab: str) -> dict[str, Any]:
        """Return the context of the figures. The page refreshes while anything can change.

        Only the overview has the charts, so that other tabs begin near the top.
        """
        totals = totals_of([batch])[batch.pk]
        figures = batch_figures.current(batch, totals)
        rows_url = self.url_of("recipients", batch.pk)
        calls_url = f"{reverse('admin:batchcalls_callresult_changelist')}?batch={batch.pk}"
        may = request.user.has_perm
        return {
            "batch": batch,
            "totals": totals,
            "figures": figures,
            "budgets": budget_figures.of_batch(batch),
            "waiting": waiting_of([batch]).get(batch.pk),
            "shows_charts": tab == "overview",
            **_timeline(figures.timeline),
            "breakdowns": breakdown.of_batch(
                totals,
                figures.outcomes,
                rows=f"{rows_url}?" if may("batchcalls.view_recipient") else "",
                calls=f"{calls_url}&" if may("batchcalls.view_callresult") else "",
            ),
            "alarms": list(_events(batch).filter(code=POSSIBLE_DOUBLE_DIAL)[:ALARMS_SHOWN]),
            "is_live": batch.status in BATCH_ACTIVE or bool(totals.live),
            "is_beyond_floor": batch.account.dials_people
            and batch.account.is_beyond_floor(clock.now()),
            "rules_off": _rules_off(batch),
            "waits_for": _waits_for(batch),
            "is_calling": batch.status in BATCH_CALLING,
            "live_url": request.get_full_path(),
            "starts_later": bool(batch.start_at and batch.start_at > clock.now()),
            "rows_url": rows_url,
            "calls_url": calls_url,
        }


def _rules_off(batch: Batch) -> list[RulePackSwitch]:
    """Return the rule packs and entries that do not hold for a batch's calls to real phones."""
    if not batch.account.dials_people:
        return []
    return list(RulePackSwitch.objects.in_force(clock.now()).select_related("created_by"))


def _waits_for(batch: Batch) -> str:
    """Return why the check of a list waits, or nothing."""
    if batch.status not in BATCH_IMPORTING | BATCH_JOINABLE:
        return ""
    return StoredList.objects.waiting().filter(batch=batch).reason()


def _events(batch: Batch) -> Any:
    return BatchEvent.objects.filter(batch=batch).select_related("actor").order_by("-at", "-pk")


def _timeline(timeline: Timeline | None) -> dict[str, Any]:
    """Return the chart of the calls over time, and its title."""
    if timeline is None:
        return {"timeline": ""}
    minutes = timeline.width_seconds // 60
    span = "minute" if minutes == 1 else f"{minutes} minutes"
    if minutes >= 60:
        hours = minutes // 60
        span = {1: "hour", 24: "day", 7 * 24: "week"}.get(hours, f"{hours} hours")
    form = "H:i" if minutes < 240 else "M j"
    local = [(timezone.localtime(at), n) for at, n in timeline.bars]
    title = f"Calls per {span} ({local[-1][0]:%Z})"
    chart = charts.bar_chart([(date_format(at, form), n) for at, n in local], title=title)
    return {"timeline": chart, "timeline_title": title}


def report_context(batch: Batch) -> dict[str, Any]:
    """Return the context of the dry-run report's template."""
    report = batch.dry_run
    if not report:
        return {"report": None}
    return {
        "report": report,
        "computed_at": _time(report["computed_at"]),
        "first_at": _time(report["later"]["first_at"]),
        "skipped_rows": sum(report["skipped"].values()) + sum(report["never"].values()),
        "zones": [
            {**zone, "names": zone["zones"].split(","), "first_at": _time(zone["first_at"])}
            for zone in report.get("time_zones", [])
        ],
        "estimate": estimate.describe(report["estimate"]),
    }


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
