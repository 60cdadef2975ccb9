"""Calling policies: when people may be called, and how often to retry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, DateField, Model, QuerySet, TimeField
from django.forms import CharField, DateInput, ModelForm, TimeInput
from django.forms import Field as FormField
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse

from campaigns.admin.small_tables import SHORT_TEXTS
from campaigns.calling_hours import CallingHours
from campaigns.caps import POLICY_CAPS
from campaigns.hours_in_words import DAYS, hours_in_words
from campaigns.models import (
    MINUTES_PER_DAY,
    BlackoutDate,
    CallingPolicy,
    CallingWindow,
    PolicyRetryRule,
    Weekday,
    hours_of,
)

#: Days of a new policy: weekdays, well within what the law allows everywhere.
OFFICE_DAYS = [Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY]


RowT = TypeVar("RowT", bound=Model)


class RowFormSet(BaseInlineFormSet[RowT, CallingPolicy, ModelForm[RowT]]):
    """Rows of a table whose delete checkbox has a label for screen readers."""

    def add_fields(self, form: Any, index: int | None) -> None:
        """Label the delete checkbox."""
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = "Delete this row"


class CallingWindowFormSet(RowFormSet[CallingWindow]):
    """The windows of one policy, validated together because two new ones may overlap."""

    def clean(self) -> None:
        """Refuse windows that overlap."""
        super().clean()
        if any(self.errors):
            return
        windows = [
            form.instance
            for form in self.forms
            if form.has_changed() or form.instance.pk
            if not form.cleaned_data.get("DELETE")
        ]
        try:
            hours_of(windows)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class WaitsField(CharField):
    """Waits in seconds with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        """Return a stored list as text."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the waits; refuse what is not a whole number."""
        try:
            return [int(word) for word in str(value or "").replace(",", " ").split()]
        except ValueError:
            raise ValidationError("Enter whole seconds with commas, such as 600, 7200.") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the texts of the lists."""
        return super().has_changed(self.prepare_value(initial), data)


class RetryRuleForm(ModelForm[PolicyRetryRule]):
    waits = WaitsField(
        label="First waits, in seconds",
        required=False,
        help_text="Such as 600, 7200 for the first two retries.",
    )

    class Meta:
        model = PolicyRetryRule
        fields = ["outcome", "max_retries", "wait_seconds", "waits"]
        labels = {
            "outcome": "After",
            "max_retries": "Call again, times",
            "wait_seconds": "Each after, in seconds",
        }


class RowsOfPolicy(admin.TabularInline[RowT, CallingPolicy]):
    """Rows of a table whose fields have labels for screen readers."""

    extra = 0
    formset = RowFormSet  # type: ignore[assignment]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Label the field with its column's name."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, FormField):
            field.widget.attrs["aria-label"] = field.label or db_field.verbose_name
        return field


class CallingWindowInline(RowsOfPolicy[CallingWindow]):
    model = CallingWindow
    formset = CallingWindowFormSet
    formfield_overrides = {
        TimeField: {"widget": TimeInput(attrs={"type": "time"}, format="%H:%M")},
    }

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Return enough extra rows for the office days of a new policy."""
        return len(OFFICE_DAYS) if obj is None else 0


class BlackoutDateInline(RowsOfPolicy[BlackoutDate]):
    model = BlackoutDate
    formfield_overrides = {
        DateField: {"widget": DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
    }


class RetryRuleInline(RowsOfPolicy[PolicyRetryRule]):
    model = PolicyRetryRule
    form = RetryRuleForm


@admin.register(CallingPolicy)
class CallingPolicyAdmin(admin.ModelAdmin[CallingPolicy]):
    list_display = ["name", "hours", "consent_required", "campaigns", "created_at"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "description", "consent_required"]}),
        (
            "Calls to one number",
            {
                "description": "Counted across all batches, test calls, and API calls.",
                "fields": [*POLICY_CAPS, "when_capped"],
            },
        ),
        ("Retries", {"fields": ["max_total_retries", "retry_another_hour"]}),
    ]
    says_when_empty = (
        "Hours in the recipients’ own time, blackout dates, caps, and retries. Without a "
        "policy, real phones have the hours of this installation."
    )
    formfield_overrides = SHORT_TEXTS
    inlines = [CallingWindowInline, BlackoutDateInline, RetryRuleInline]
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

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Any, inline: Any, prefix: str
    ) -> dict[str, Any]:
        """Fill a new policy with office days; rows with a blank weekday are dropped."""
        formset_kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if request.method == "GET" and obj.pk is None and isinstance(inline, CallingWindowInline):
            formset_kwargs["initial"] = [{"weekday": day.value} for day in OFFICE_DAYS]
        return formset_kwargs

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the stored hours as a chart and in words."""
        policy: Model | None = kwargs.get("obj")
        if isinstance(policy, CallingPolicy):
            hours = policy.hours
            context |= {
                "week": list(week_of(hours)),
                "hour_marks": hour_marks(),
                "hours_in_words": hours_in_words(hours),
            }
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
