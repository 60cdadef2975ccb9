"""Campaigns, their texts and their rules: reusable and independent of batches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from campaigns import call_settings, prompts
from campaigns.allowed_hosts import AllowedHost, AllowedHostQuerySet
from campaigns.call_settings import DateOrder
from campaigns.calling_hours import CallingHours
from campaigns.caps import POLICY_CAPS, Caps
from campaigns.conversations import PRESETS, Conversation
from campaigns.do_not_call import Ban, Bans, Suppression, SuppressionQuerySet, SuppressionSource
from campaigns.number_writing import Written
from campaigns.opting_out import outcomes_in
from campaigns.pathways import Pathway, Tool
from campaigns.retry import RetryPolicy, RetryRule
from campaigns.rule_switches import RulePackSwitch, RulePackSwitchQuerySet
from campaigns.setting_permissions import DECLARED
from campaigns.settings_field import CallSettingsField
from campaigns.vocabulary import ConsentRule, Purpose, RetryOutcome

#: The table of a module of its own, which Django finds here.
__all__ = [
    "AllowedHost",
    "AllowedHostQuerySet",
    "Ban",
    "Bans",
    "BlackoutDate",
    "CallingPolicy",
    "CallingWindow",
    "Campaign",
    "ColumnMapping",
    "Pathway",
    "PolicyRetryRule",
    "RulePackSwitch",
    "RulePackSwitchQuerySet",
    "Suppression",
    "SuppressionQuerySet",
    "SuppressionSource",
    "Tool",
]

MINUTES_PER_DAY = 24 * 60


def validate_outcomes(value: str) -> None:
    """Raise `ValidationError` for a list of outcomes that cannot be read."""
    try:
        outcomes_in(value)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def validate_call_settings(value: Any) -> None:
    """Raise `ValidationError` with one sentence for each setting that is unknown or invalid."""
    if not isinstance(value, dict):
        raise ValidationError('Call settings are an object such as {"voice": "June"}.')
    problems = call_settings.normalize_shared(value).problems
    if problems:
        raise ValidationError([problem.message for problem in problems])


class Weekday(models.IntegerChoices):
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class WhenCapped(models.TextChoices):
    WAIT = "wait", "Wait until the caps allow the call"
    SKIP = "skip", "Skip the recipient"


def _cap(name: str, note: str = "") -> models.PositiveSmallIntegerField[int | None, int | None]:
    """Return the field of a cap on calls to one number."""
    return models.PositiveSmallIntegerField(
        name,
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=f"The maximum to one number. Leave blank for no cap. {note}".strip(),
    )


class CallingPolicyQuerySet(models.QuerySet["CallingPolicy"]):
    """Calling policies."""

    NARROWING = ("calling_windows", "blackout_dates")

    def as_of_now(self, ids: Iterable[int]) -> dict[int, CallingPolicy]:
        """Return policies by id, with the rules that narrow batches launched under them."""
        rows = self.filter(pk__in=set(ids)).order_by()
        return {policy.pk: policy for policy in rows.prefetch_related(*self.NARROWING)}


class CallingPolicy(models.Model):
    """When people may be called and how often to retry; checked at the moment of dialing."""

    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True)
    consent_required = models.CharField(
        max_length=20,
        choices=ConsentRule.choices,
        default=ConsentRule.NOBODY,
        help_text="Calls that need a column in the list saying that the person agreed to them.",
    )
    attempts_24h = _cap("calls in 24 hours", "Real phones never get more than 3.")
    attempts_7d = _cap("calls in 7 days")
    attempts_30d = _cap("calls in 30 days")
    answered_7d = _cap("answered calls in 7 days")
    when_capped = models.CharField(
        "when a cap is reached",
        max_length=4,
        choices=WhenCapped.choices,
        default=WhenCapped.WAIT,
        help_text="What happens to a recipient whose number was called too often.",
    )
    max_total_retries = models.PositiveSmallIntegerField(
        "retries in total",
        null=True,
        blank=True,
        validators=[MaxValueValidator(80)],
        help_text="Maximum for one recipient, across all outcomes. Leave blank for no limit.",
    )
    retry_another_hour = models.BooleanField(
        "retry at another time of day",
        default=False,
        help_text="Never call a recipient twice in the same hour of the day (their time).",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CallingPolicyQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "calling policies"
        constraints = [
            CheckConstraint(
                condition=Q(consent_required__in=ConsentRule.values), name="calling_policy_consent"
            ),
            CheckConstraint(
                condition=Q(when_capped__in=WhenCapped.values), name="calling_policy_when_capped"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def hours(self) -> CallingHours:
        """The calling hours of the windows and blackout dates."""
        return hours_of(self.calling_windows.all(), self.blackout_dates.all())

    @property
    def caps(self) -> Caps:
        """The caps on calls to one number."""
        limits = {name: getattr(self, name) for name in POLICY_CAPS}
        return Caps(**limits, skip=self.when_capped == WhenCapped.SKIP)

    def to_dict(self, purpose: Purpose) -> dict[str, Any]:
        """Return the rules for calls of a purpose as plain data, to be stored with a batch."""
        retry = RetryPolicy(
            rules=tuple(rule.to_rule() for rule in self.retry_rules.all()),
            max_total=self.max_total_retries,
            another_hour=self.retry_another_hour,
        )
        return {
            "id": self.pk,
            "name": self.name,
            "calling_hours": self.hours.to_dict(),
            "caps": self.caps.to_dict(),
            "retry": retry.to_dict(),
            "consent_required": ConsentRule(self.consent_required).applies_to(purpose),
        }


class CallingWindow(models.Model):
    """A span of a weekday, in the recipient's local time, when calls may start."""

    policy = models.ForeignKey(
        CallingPolicy, on_delete=models.CASCADE, related_name="calling_windows"
    )
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens_at = models.TimeField(default=time(9))
    closes_at = models.TimeField(default=time(20), help_text="00:00 means the end of the day.")

    class Meta:
        ordering = ["weekday", "opens_at", "pk"]
        constraints = [
            CheckConstraint(
                condition=Q(opens_at__lt=F("closes_at")) | Q(closes_at=time(0)),
                name="calling_window_opens_before_it_closes",
            ),
            CheckConstraint(condition=Q(weekday__lte=6), name="calling_window_weekday"),
            UniqueConstraint(
                fields=["policy", "weekday", "opens_at"], name="calling_window_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"

    @property
    def opens(self) -> int:
        """Minutes since local midnight."""
        return self.opens_at.hour * 60 + self.opens_at.minute

    @property
    def closes(self) -> int:
        """Minutes since local midnight; the end of the day is 1440."""
        return self.closes_at.hour * 60 + self.closes_at.minute or MINUTES_PER_DAY


class BlackoutDate(models.Model):
    """A day, in the recipient's time zone, when no one is called."""

    policy = models.ForeignKey(
        CallingPolicy, on_delete=models.CASCADE, related_name="blackout_dates"
    )
    date = models.DateField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["date", "pk"]
        constraints = [UniqueConstraint(fields=["policy", "date"], name="blackout_date_unique")]

    def __str__(self) -> str:
        return f"{self.date} {self.reason}".strip()


def hours_of(
    windows: Iterable[CallingWindow], blackout_dates: Iterable[BlackoutDate] = ()
) -> CallingHours:
    """Return calling hours from windows and dates; raise `ValueError` for overlapping windows.

    Without windows, all hours are open. With windows, days that have none are closed.
    """
    spans: list[list[tuple[int, int]]] = [[] for _ in Weekday.values]
    for window in windows:
        spans[window.weekday].append((window.opens, window.closes))
    return CallingHours(
        windows=tuple(map(tuple, spans)) if any(spans) else CallingHours.always().windows,
        blackout_dates=frozenset(day.date for day in blackout_dates),
    )


class PolicyRetryRule(models.Model):
    """How often to retry after an outcome, and how long to wait."""

    policy = models.ForeignKey(CallingPolicy, on_delete=models.CASCADE, related_name="retry_rules")
    outcome = models.CharField(max_length=20, choices=RetryOutcome.choices)
    max_retries = models.PositiveSmallIntegerField(default=1, validators=[MaxValueValidator(20)])
    wait_seconds = models.PositiveIntegerField(
        default=3600, validators=[MaxValueValidator(30 * 24 * 3600)]
    )
    waits = models.JSONField(
        default=list,
        blank=True,
        help_text="Seconds before the first, second, … retry; later ones wait “wait seconds”.",
    )

    class Meta:
        ordering = ["policy", "outcome"]
        verbose_name = "retry rule"
        constraints = [
            UniqueConstraint(fields=["policy", "outcome"], name="retry_rule_unique_outcome"),
            CheckConstraint(
                condition=Q(outcome__in=RetryOutcome.values), name="retry_rule_outcome"
            ),
        ]

    def __str__(self) -> str:
        retries = f"{self.max_retries} {'retry' if self.max_retries == 1 else 'retries'}"
        return f"{self.get_outcome_display()}: {retries}, {self.wait_seconds / 60:g} min apart"

    def clean(self) -> None:
        """Refuse waits that are out of range, and more waits than retries."""
        if self.outcome in RetryOutcome.values:
            try:
                self.to_rule()
            except ValueError as error:
                raise ValidationError({"waits": str(error)}) from error

    def to_rule(self) -> RetryRule:
        """Return the rule as plain data; raise ValueError for waits that it cannot have."""
        return RetryRule(
            outcome=RetryOutcome(self.outcome),
            max_retries=self.max_retries,
            wait_seconds=self.wait_seconds,
            waits=self.waits,
        )


class Campaign(models.Model):
    """A conversation with voice, tools, call settings and a calling policy. Reusable.

    A prompt or a pathway leads it, or else a persona or agent among the call settings.
    """

    name = models.CharField(max_length=200, unique=True)
    purpose = models.CharField(
        max_length=20, choices=Purpose.choices, default=Purpose.INFORMATIONAL
    )
    prompt = models.TextField(
        blank=True,
        help_text="Instructions for the agent. {{column_name}} is replaced for each row.",
    )
    pathway = models.ForeignKey(Pathway, on_delete=models.PROTECT, null=True, blank=True)
    tools = models.ManyToManyField(Tool, blank=True)
    call_settings = CallSettingsField(default=dict, blank=True, validators=[validate_call_settings])
    policy = models.ForeignKey(CallingPolicy, on_delete=models.PROTECT, null=True, blank=True)
    opt_out_outcomes = models.TextField(
        "outcomes that opt out",
        blank=True,
        max_length=2_000,
        validators=[validate_outcomes],
        help_text="Outcomes after which a number goes on the do-not-call list, one per line. Case, "
        "spaces, and punctuation do not matter. DO_NOT_CONTACT, DO_NOT_CALL, DNC, OPT_OUT, and "
        "UNSUBSCRIBE always count.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "pk"]
        permissions = [
            ("import_campaign", "Can import campaigns"),
            ("export_campaign", "Can export campaigns"),
            *DECLARED,
        ]
        constraints = [
            CheckConstraint(
                condition=(~Q(prompt="") & Q(pathway=None))
                | (Q(prompt="") & ~Q(pathway=None))
                | Q(prompt="", pathway=None, call_settings__has_any_keys=PRESETS),
                name="campaign_is_led",
                violation_error_message="Give a prompt or a pathway, and not both. Neither is "
                "needed with a persona or an agent.",
            ),
            CheckConstraint(condition=Q(purpose__in=Purpose.values), name="campaign_purpose"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a prompt with unclosed braces."""
        try:
            prompts.Template.parse(self.prompt)
        except prompts.PromptError as error:
            raise ValidationError({"prompt": str(error)}) from error

    @property
    def conversation(self) -> Conversation:
        """What leads its calls."""
        said = {**self.call_settings, "task": self.prompt}
        if self.pathway:
            said |= {"pathway_id": self.pathway.pathway_id}
            said |= {"pathway_version": self.pathway.version}
        return Conversation.of(said)

    def settings_for_calls(self) -> dict[str, Any]:
        """Return the canonical call settings, including the campaign's tools."""
        values = call_settings.normalize_shared(self.call_settings).values
        references = [tool.reference for tool in self.tools.all()]
        if references:
            values["tools"] = list(dict.fromkeys([*values.get("tools", []), *references]))
        return values


class ColumnMapping(models.Model):
    """A saved column mapping, applied again to every file with the same headers."""

    name = models.CharField(max_length=200, unique=True)
    headers_key = models.CharField(max_length=64, db_index=True, editable=False)
    columns = models.JSONField(
        default=list, help_text="A list of {position, header, target, name}, one for each column."
    )
    numbers_written = models.CharField(
        max_length=20,
        blank=True,
        choices=[(written.value, written.label) for written in Written],
        help_text="How numbers without + are written. Leave blank to detect it from the whole "
        "list.",
    )
    date_order = models.CharField(
        max_length=3,
        blank=True,
        choices=[(order.value, order.label) for order in DateOrder],
        help_text="Order of day, month and year. Leave blank to detect it from all start times.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name
