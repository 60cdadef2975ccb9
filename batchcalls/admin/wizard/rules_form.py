"""The rules of a batch whose campaign has none: a saved policy, or hours and retries of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from batchcalls.drafting.chosen_rules import ChosenRules, RulesError
from campaigns.models import CallingPolicy, Campaign, Weekday
from campaigns.retry import MAX_RETRIES, MAX_WAIT_SECONDS, RetryRule
from campaigns.vocabulary import RetryOutcome

_CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class RulesForm(forms.Form):
    """The fields of `ChosenRules`. Times are in the recipient's time zone, waits in minutes."""

    policy = forms.ModelChoiceField(
        label="Calling policy",
        queryset=CallingPolicy.objects.all(),
        required=False,
        empty_label="No saved policy",
        help_text="When people may be called, and how often to try again. A campaign’s policy "
        "always applies; legal calling hours apply to real phones in any case.",
    )
    opens_at = forms.TimeField(label="Call from", required=False, widget=_CLOCK)
    closes_at = forms.TimeField(
        label="Until",
        required=False,
        widget=_CLOCK,
        help_text="Recipient’s local time. 00:00 is the end of the day.",
    )
    days = forms.TypedMultipleChoiceField(
        label="On",
        choices=Weekday.choices,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Leave all unchecked for every day.",
    )

    def __init__(self, data: Any = None, *, chosen: ChosenRules | None = None) -> None:
        self._chosen = chosen or ChosenRules()
        super().__init__(data, prefix="rules", initial=_initial_of(self._chosen))
        for outcome in RetryOutcome:
            self.fields[f"retries_{outcome}"] = forms.IntegerField(
                label=f"{outcome.label}: retries",
                min_value=0,
                max_value=MAX_RETRIES,
                required=False,
            )
            self.fields[f"wait_{outcome}"] = forms.IntegerField(
                label=f"{outcome.label}: wait (minutes)",
                min_value=0,
                max_value=MAX_WAIT_SECONDS // 60,
                required=False,
            )

    @property
    def hours_fields(self) -> list[BoundField]:
        """Return the fields of the calling hours."""
        return [self["opens_at"], self["closes_at"]]

    @property
    def retry_rows(self) -> Iterator[tuple[str, BoundField, BoundField]]:
        """Yield each outcome with the fields of its retries."""
        for outcome in RetryOutcome:
            yield outcome.label, self[f"retries_{outcome}"], self[f"wait_{outcome}"]

    @property
    def own_is_open(self) -> bool:
        """True when hours or retries of the batch's own have a value or an error."""
        names = [name for name in self.fields if name != "policy"]
        return any(self[name].errors or self[name].value() for name in names)

    def clean(self) -> dict[str, Any]:
        """Refuse half a span of hours, and own rules beside a saved policy."""
        data = super().clean() or {}
        retries = []
        for outcome in RetryOutcome:
            count, wait = data.get(f"retries_{outcome}"), data.get(f"wait_{outcome}")
            if count and wait is None:
                self._add_missing(f"wait_{outcome}", "Enter the minutes to wait before each retry.")
            elif count:
                retries.append(RetryRule(outcome, count, 60 * (wait or 0)))
        names = ("policy", "opens_at", "closes_at")
        try:
            self._read = ChosenRules.read(
                **{name: data.get(name) for name in names},
                days=data.get("days") or (),
                retries=retries,
            )
        except RulesError as error:
            for name, message in error.problems.items():
                self._add_missing(name, message)
        return data

    def is_valid_for(self, campaign: Campaign | None) -> bool:
        """Check the rules of a batch with this campaign, whose own policy applies first."""
        if not self.is_valid():
            return False
        if message := self._read.why_not_with(campaign):
            self.add_error("policy", message)
        return self.is_valid()

    def chosen(self) -> ChosenRules:
        """Return the chosen rules; those of a policy that was deleted stay."""
        is_set = self._read.own or self._read.policy
        return self._read if is_set else replace(self._read, kept=self._chosen.kept)

    def _add_missing(self, name: str, message: str) -> None:
        """Add an error to a field that has none."""
        if name not in self.errors:
            self.add_error(name, message)


def _initial_of(chosen: ChosenRules) -> dict[str, Any]:
    initial: dict[str, Any] = {"policy": chosen.policy}
    if (own := chosen.own) is None:
        return initial
    if own.days:
        initial |= {"opens_at": _clock(own.opens), "closes_at": _clock(own.closes)}
        initial["days"] = [] if len(own.days) == len(Weekday) else list(own.days)
    for rule in own.retries:
        initial[f"retries_{rule.outcome}"] = rule.max_retries
        initial[f"wait_{rule.outcome}"] = rule.wait_seconds // 60
    return initial


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)
