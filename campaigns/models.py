"""Campaigns, their texts and their rules: reusable and independent of batches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q, Subquery, UniqueConstraint

from campaigns import call_settings, hashed_numbers, prompts
from campaigns.calling_hours import CallingHours
from campaigns.caps import WINDOWS, Caps
from campaigns.e164 import NumberProblem
from campaigns.e164 import parse as parse_e164
from campaigns.retry import RetryPolicy, RetryRule
from campaigns.vocabulary import ConsentRule, Purpose, RetryOutcome

MINUTES_PER_DAY = 24 * 60

validate_reference = RegexValidator(
    r"^(TL|KB)-[\w-]+$", "A tool is named TL-… and a knowledge base KB-…, as the provider shows it."
)


def validate_call_settings(value: Any) -> None:
    """Raise `ValidationError` with one sentence for each setting that is unknown or invalid."""
    if not isinstance(value, dict):
        raise ValidationError('Call settings are an object such as {"voice": "June"}.')
    problems = call_settings.normalize_shared(value).problems
    if problems:
        raise ValidationError([problem.message for problem in problems])


class Pathway(models.Model):
    """A conversation graph hosted by the voice provider."""

    name = models.CharField(max_length=200, unique=True)
    pathway_id = models.CharField(max_length=100, help_text="The id the voice provider shows.")
    version = models.CharField(
        max_length=40, blank=True, help_text="A number, “production” or “staging”; blank: current."
    )
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            UniqueConstraint(fields=["pathway_id", "version"], name="pathway_unique_version")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.version})" if self.version else self.name


class Tool(models.Model):
    """A tool or knowledge base hosted by the voice provider."""

    name = models.CharField(max_length=200, unique=True)
    reference = models.CharField(max_length=100, unique=True, validators=[validate_reference])
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.reference})"


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
        help_text=f"The most to one number, in all batches. Leave blank for no cap. {note}".strip(),
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
        "at a cap",
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
        help_text="The most for one recipient over all outcomes. Leave blank for no such limit.",
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
        limits = {name: getattr(self, name) for name in WINDOWS}
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
    closes_at = models.TimeField(
        default=time(20), help_text="Exclusive; 00:00 stands for the end of the day."
    )

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
        return f"{self.get_outcome_display()}: {self.max_retries} × after {self.wait_seconds} s"

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
    """A prompt or a pathway with voice, tools, call settings and a calling policy. Reusable."""

    name = models.CharField(max_length=200, unique=True)
    purpose = models.CharField(
        max_length=20, choices=Purpose.choices, default=Purpose.INFORMATIONAL
    )
    prompt = models.TextField(
        blank=True, help_text="What the agent is told. {{column_name}} is replaced for each row."
    )
    pathway = models.ForeignKey(Pathway, on_delete=models.PROTECT, null=True, blank=True)
    tools = models.ManyToManyField(Tool, blank=True)
    call_settings = models.JSONField(default=dict, blank=True, validators=[validate_call_settings])
    policy = models.ForeignKey(CallingPolicy, on_delete=models.PROTECT, null=True, blank=True)
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
        ]
        constraints = [
            CheckConstraint(
                condition=(~Q(prompt="") & Q(pathway=None)) | (Q(prompt="") & ~Q(pathway=None)),
                name="campaign_prompt_xor_pathway",
                violation_error_message="Give a prompt or a pathway, and not both.",
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
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class SuppressionSource(models.TextChoices):
    MANUAL = "manual", "Entered by staff"
    IMPORT = "import", "Imported list"
    CALL = "call", "Asked for in a call"
    API = "api", "API"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    """The do-not-call list as a set of numbers."""

    #: A number is looked up in up to three hashes, and a database takes some 32,000 parameters.
    NUMBERS_AT_A_TIME = 10_000

    def numbers_among(self, e164s: list[str]) -> set[str]:
        """Return the subset of the numbers that must not be called.

        Hashes cost three times as much as the numbers and most lists have none, so the first query
        also asks whether there are any.
        """
        a_hash = self.hashed().order_by("e164").values("e164")[:1]
        listed: set[str] = set()
        for start in range(0, len(e164s), self.NUMBERS_AT_A_TIME):
            numbers = e164s[start : start + self.NUMBERS_AT_A_TIME]
            entries = self.filter(Q(e164__in=numbers) | Q(e164=Subquery(a_hash)))
            found = set(entries.order_by().values_list("e164", flat=True))
            if any(map(hashed_numbers.is_hashed, found)):
                by_hash = {h: e164 for e164 in numbers for h in hashed_numbers.hashes_of(e164)}
                hashes = self.filter(e164__in=by_hash).values_list("e164", flat=True)
                found = found.intersection(numbers) | {by_hash[entry] for entry in hashes}
            listed |= found
        return listed

    def about(self, e164: str) -> SuppressionQuerySet:
        """Return the entries that forbid calling a number: its own, and its hashes."""
        return self.filter(e164__in=[e164, *hashed_numbers.hashes_of(e164)])

    def hashed(self) -> SuppressionQuerySet:
        """Return the entries of which only the hash is known, by the index of all entries."""
        return self.filter(e164__gte=hashed_numbers.PREFIX)


class Suppression(models.Model):
    """A number that must not be called, ever, by any batch; or its hash (`hashed_numbers`)."""

    e164 = models.CharField("number", max_length=hashed_numbers.LONGEST_ENTRY, unique=True)
    reason = models.CharField(max_length=200, blank=True)
    source = models.CharField(
        max_length=10, choices=SuppressionSource.choices, default=SuppressionSource.MANUAL
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "do-not-call number"
        permissions = [
            ("import_suppression", "Can import do-not-call lists"),
            ("export_suppression", "Can export the do-not-call list"),
        ]
        # For the do-not-call page, newest first: one index of all numbers, and one by source, which
        # may have few rows among a million. The second leaves out imported numbers: they are the
        # majority and quickly found by time, and without them a long list costs little. SQLite
        # cannot use the partial index with query parameters and scans the numbers instead.
        indexes = [
            models.Index(fields=["created_at", "id"], name="suppression_by_time"),
            models.Index(
                fields=["source", "created_at", "id"],
                condition=~Q(source="import"),
                name="suppression_by_source",
            ),
        ]
        constraints = [
            CheckConstraint(
                condition=Q(e164__startswith="+") | Q(e164__startswith=hashed_numbers.PREFIX),
                name="suppression_e164_form",
            ),
            CheckConstraint(
                condition=Q(source__in=SuppressionSource.values), name="suppression_source"
            ),
        ]

    def __str__(self) -> str:
        return self.e164

    @property
    def is_hashed(self) -> bool:
        """Whether only the hash of the number is known."""
        return hashed_numbers.is_hashed(self.e164)

    def clean(self) -> None:
        """Convert the number to E.164; refuse invalid numbers, which would have no effect."""
        if hashed := hashed_numbers.entry_of(self.e164):
            self.e164 = hashed
            return
        parsed = parse_e164(self.e164, region=settings.DEFAULT_REGION)
        if isinstance(parsed, NumberProblem):
            raise ValidationError({"e164": parsed.message})
        self.e164 = parsed.e164
