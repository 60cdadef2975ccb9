"""The rows of a calling policy: seven days of hours, dates without calls, and retries by outcome.

A row that is left blank does not exist; a row that is cleared is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from campaigns.models import (
    BlackoutDate,
    CallingPolicy,
    CallingWindow,
    PolicyRetryRule,
    Weekday,
    hours_of,
)
from campaigns.retry import MAX_RETRIES, MAX_WAIT_SECONDS
from campaigns.vocabulary import RetryOutcome

RowT = TypeVar("RowT", bound=Model)

#: Hours of a new policy: office days, well within what the law allows everywhere.
OFFICE_DAYS = {Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY}
OFFICE_HOURS = {"opens_at": time(9), "closes_at": time(20)}
SPARE_DATES = 3


class RowForm(forms.ModelForm[RowT]):
    """A row that counts as blank until one of its ``essential`` fields is filled in."""

    essential: ClassVar[tuple[str, ...]] = ()
    #: The field that says which row of the table this is.
    key: ClassVar[str] = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.essential:
            self.fields[name].required = False
            self.fields[name].initial = None

    @property
    def is_blank(self) -> bool:
        """Return whether nothing is filled in."""
        empty = (None, "")
        is_keyless = bool(self.key) and self[self.key].value() in empty
        return is_keyless or all(self[name].value() in empty for name in self.essential)

    def has_changed(self) -> bool:
        """Return whether there is anything to save."""
        is_new = self.instance._state.adding
        return not (is_new and self.is_blank) and super().has_changed()

    def _post_clean(self) -> None:
        """Check a row that is kept as its model does."""
        if not self.is_blank:
            super()._post_clean()  # type: ignore[misc]


class RowFormSet(BaseInlineFormSet[RowT, CallingPolicy, RowForm[RowT]]):
    """The rows of one kind. Each field is labeled for screen readers with its row and column."""

    def _should_delete_form(self, form: Any) -> bool:
        is_cleared = bool(form.instance.pk) and form.is_blank
        return bool(super()._should_delete_form(form)) or is_cleared  # type: ignore[misc]

    def add_fields(self, form: Any, index: int | None) -> None:
        """Label the fields."""
        super().add_fields(form, index)
        row = self.row_label(form, index)
        for name in form.Meta.fields:
            field = form.fields[name]
            field.widget.attrs["aria-label"] = f"{row}: {field.label}"

    def row_label(self, form: Any, index: int | None) -> str:
        """Return what a row is called."""
        return f"Row {(index or 0) + 1}"


class WindowForm(RowForm[CallingWindow]):
    essential = ("opens_at", "closes_at")
    key = "weekday"

    class Meta:
        model = CallingWindow
        fields = ["weekday", "opens_at", "closes_at"]
        labels = {"opens_at": "from", "closes_at": "to"}
        widgets = {
            "weekday": forms.HiddenInput,
            "opens_at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "closes_at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def clean(self) -> dict[str, Any] | None:
        """Refuse a window with only one of its times."""
        for name in self.essential:
            if name not in self.errors and self.cleaned_data.get(name) is None:
                self.add_error(name, "Enter both times, or clear both.")
        return super().clean()


class WindowFormSet(RowFormSet[CallingWindow]):
    """The windows of one policy, validated together because two new ones may overlap."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer each day as many windows as the busiest day has, and one more."""
        super().__init__(*args, **kwargs)
        if self.is_bound:
            return
        windows = list(self.get_queryset())
        used = [sum(window.weekday == day for window in windows) for day in Weekday.values]
        slots = 1 + max(1, *used)
        blanks: list[dict[str, Any]] = []
        for day in Weekday:
            rows = [{"weekday": day.value} for _ in range(slots - used[day])]
            if self.instance.pk is None and day in OFFICE_DAYS:
                rows[0] |= OFFICE_HOURS
            blanks += rows
        self.initial_extra, self.extra = blanks, len(blanks)

    @property
    def days(self) -> Iterator[tuple[str, list[WindowForm]]]:
        """Yield each weekday with its windows, those that are filled in first."""
        for day in Weekday:
            rows: Any = [form for form in self.forms if str(form["weekday"].value()) == str(day)]
            yield day.label, sorted(rows, key=lambda form: form.is_blank)

    def row_label(self, form: Any, index: int | None) -> str:
        """Return the weekday."""
        day = form["weekday"].value()
        return dict(zip(map(str, Weekday.values), Weekday.labels, strict=True)).get(str(day), "")

    def clean(self) -> None:
        """Refuse windows that overlap."""
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if not form.is_blank]
        try:
            hours_of(form.instance for form in kept if not self._should_delete_form(form))
        except ValueError as error:
            raise ValidationError(str(error)) from error


class DateForm(RowForm[BlackoutDate]):
    essential = ("date", "reason")

    class Meta:
        model = BlackoutDate
        fields = ["date", "reason"]
        widgets = {
            "date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "reason": forms.TextInput(attrs={"placeholder": "Reason (optional)"}),
        }

    def clean_date(self) -> Any:
        """Refuse a reason without a date."""
        if self.cleaned_data["date"] is None:
            raise ValidationError("Enter the date, or clear the reason.")
        return self.cleaned_data["date"]


class MinutesField(forms.DecimalField):
    """A number of minutes; fractions of it are whole seconds."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=MAX_WAIT_SECONDS // 60, required=False, **kwargs)
        self.widget.attrs["step"] = "any"


class WaitsField(forms.CharField):
    """Minutes with commas between them."""

    def to_python(self, value: Any) -> Any:
        """Return the seconds of each; refuse what is not a number of minutes."""
        words = str(value or "").replace(",", " ").split()
        try:
            minutes = [MinutesField().clean(word) for word in words]
        except ValidationError:
            message = "Enter minutes with commas between them, such as 10, 120 (30 days at most)."
            raise ValidationError(message) from None
        return list(map(seconds_of, minutes))


def minutes_of(seconds: int) -> str:
    """Return seconds as minutes, with four decimals at most."""
    return f"{seconds / 60:.4f}".rstrip("0").rstrip(".")


def seconds_of(minutes: Decimal) -> int:
    """Return minutes as whole seconds."""
    return round(minutes * 60)


class RetryForm(RowForm[PolicyRetryRule]):
    essential = ("max_retries",)
    key = "outcome"

    max_retries = forms.IntegerField(label="Retries", min_value=0, max_value=MAX_RETRIES)
    wait_minutes = MinutesField(label="Wait in minutes")
    first_waits = WaitsField(label="First waits in minutes", required=False)

    class Meta:
        model = PolicyRetryRule
        fields = ["outcome", "max_retries", "wait_minutes", "first_waits"]
        widgets = {"outcome": forms.HiddenInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = self.instance
        self.fields["wait_minutes"].widget.attrs["placeholder"] = minutes_of(3600)
        self.fields["first_waits"].widget.attrs["placeholder"] = "Such as 10, 120"
        if rule.pk:
            self.initial["wait_minutes"] = minutes_of(rule.wait_seconds)
            self.initial["first_waits"] = ", ".join(map(minutes_of, rule.waits))

    def clean(self) -> dict[str, Any] | None:
        """Store the waits in seconds. Refuse more first waits than retries."""
        data, rule = self.cleaned_data, self.instance
        if (minutes := data.get("wait_minutes")) is not None:
            rule.wait_seconds = seconds_of(minutes)
        waits, retries = data.get("first_waits") or [], data.get("max_retries")
        is_possible = retries is not None and len(waits) <= retries
        rule.waits = waits if is_possible else []
        if retries is not None and not is_possible:
            self.add_error("first_waits", "Enter no more waits than retries.")
        return super().clean()


class RetryFormSet(RowFormSet[PolicyRetryRule]):
    """One row for each outcome that may be retried."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            used = {rule.outcome for rule in self.get_queryset()}
            blanks = [{"outcome": one} for one in RetryOutcome.values if one not in used]
            self.initial_extra, self.extra = blanks, len(blanks)

    def row_label(self, form: Any, index: int | None) -> str:
        """Return the outcome."""
        return str(dict(RetryOutcome.choices).get(form["outcome"].value(), ""))

    @property
    def outcomes(self) -> Iterator[tuple[str, Any]]:
        """Yield each outcome with its row."""
        rows = {str(form["outcome"].value()): form for form in self.forms}
        yield from ((label, rows[one]) for one, label in RetryOutcome.choices if one in rows)


class RowsOfPolicy(admin.TabularInline[RowT, CallingPolicy]):
    """Rows of a policy that its page lays out itself."""

    extra = 0


class WindowInline(RowsOfPolicy[CallingWindow]):
    model = CallingWindow
    form = WindowForm
    formset = WindowFormSet  # type: ignore[assignment]


class DateInline(RowsOfPolicy[BlackoutDate]):
    model = BlackoutDate
    form = DateForm
    formset = RowFormSet  # type: ignore[assignment]

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Offer some blank rows."""
        return SPARE_DATES


class RetryInline(RowsOfPolicy[PolicyRetryRule]):
    model = PolicyRetryRule
    form = RetryForm
    formset = RetryFormSet  # type: ignore[assignment]
