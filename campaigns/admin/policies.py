"""Calling policies: when people may be called, and how often to retry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse

from campaigns.admin.policy_rows import DateInline, RetryInline, WindowInline
from campaigns.admin.small_tables import SHORT_TEXTS
from campaigns.calling_hours import CallingHours
from campaigns.caps import POLICY_CAPS
from campaigns.hours_in_words import DAYS, hours_in_words
from campaigns.models import MINUTES_PER_DAY, CallingPolicy


@admin.register(CallingPolicy)
class CallingPolicyAdmin(admin.ModelAdmin[CallingPolicy]):
    list_display = ["name", "hours", "consent_required", "campaigns", "created_at"]
    search_fields = ["name"]
    search_help_text = "Name"
    fieldsets = [
        (None, {"fields": ["name", "description", "consent_required"]}),
        (
            "Calls to one number",
            {
                "description": "Counted across all batches, test calls, and API calls.",
                "fields": [*zip(POLICY_CAPS[::2], POLICY_CAPS[1::2], strict=True), "when_capped"],
            },
        ),
        ("Retries", {"fields": ["max_total_retries", "retry_another_hour"]}),
    ]
    list_help = "When people may be called, on which days no one is called, and how often to retry."
    says_when_empty = (
        "Hours in the recipients’ own time, blackout dates, caps, and retries. Without a "
    )
    "policy, real phones use this installation's default hours."
    formfield_overrides = SHORT_TEXTS
    inlines = [WindowInline, DateInline, RetryInline]
    change_form_template = "admin/campaigns/callingpolicy/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[CallingPolicy]:
        """Annotate each policy with its number of campaigns."""
        rows = super().get_queryset(request).annotate(campaign_count=Count("campaign"))
        return rows.prefetch_related("calling_windows", "blackout_dates")

    @admin.display(description="Calling hours")
    def hours(self, policy: CallingPolicy) -> str:
        """Return the hours in words."""
        return hours_in_words(policy.hours)

    @admin.display(description="Campaigns", ordering="campaign_count")
    def campaigns(self, policy: Any) -> int:
        """Return how many campaigns use the policy."""
        return int(policy.campaign_count)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the stored hours as a chart and in words, and the rows laid out by their kind."""
        policy = kwargs.get("obj")
        if isinstance(policy, CallingPolicy):
            hours = policy.hours
            context |= {
                "week": list(week_of(hours)),
                "hour_marks": hour_marks(),
                "hours_in_words": hours_in_words(hours),
            }
        *fieldsets, retries = context["adminform"]
        context |= {"fieldsets": fieldsets, "retries": retries}
        for rows in context["inline_admin_formsets"]:
            is_editable = rows.has_add_permission and rows.has_change_permission
            if is_editable and rows.has_delete_permission:
                context[rows.formset.prefix] = rows.formset
        return super().render_change_form(request, context, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class Band:
    """A weekday in the chart of a week: ``y`` in pixels, spans as (start, width) in percent."""

    label: str
    y: int
    spans: list[tuple[float, float]]


#: The left edge of the bands, in percent of the chart's width, and their distance in pixels.
PLOT_LEFT, BAND_DISTANCE = 9.0, 18
HOURS_NAMED = (0, 6, 12, 18, 24)


def week_of(hours: CallingHours) -> Iterator[Band]:
    """Yield the week's days with the spans in which calls may begin."""
    for row, (label, spans) in enumerate(zip(DAYS, hours.windows, strict=True)):
        places = [(_across(opens), _across(closes)) for opens, closes in spans]
        yield Band(label, row * BAND_DISTANCE, [(left, right - left) for left, right in places])


def hour_marks() -> list[tuple[float, str]]:
    """Return labeled hour marks with their positions, in percent of the chart's width."""
    return [(_across(60 * hour), f"{hour:02d}:00") for hour in HOURS_NAMED]


def _across(minutes: int) -> float:
    return PLOT_LEFT + (96 - PLOT_LEFT) * minutes / MINUTES_PER_DAY
