"""The do-not-call list: numbers that some or all batches must not call, and until when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint, Exists, F, Q, QuerySet, Subquery, UniqueConstraint
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from campaigns import hashed_numbers, same_phone
from campaigns.e164 import NumberProblem
from campaigns.e164 import parse as parse_e164
from campaigns.times_in_words import moment_in_words

#: Stands for "never expires" and "everywhere" in the unique index, in which nulls are distinct.
NEVER, EVERYWHERE = datetime(9999, 12, 31, tzinfo=UTC), 0


class SuppressionSource(models.TextChoices):
    MANUAL = "manual", "Entered by staff"
    IMPORT = "import", "Imported list"
    CALL = "call", "Asked for in a call"
    API = "api", "API"
    FORM = "form", "Web form"
    SMS = "sms", "Text message"
    EMAIL = "email", "Email"
    MAIL = "mail", "Letter"
    REGISTRY = "registry", "Public registry"
    OTHER = "other", "Another system"


class Ban(Enum):
    """Why a number must not be called: a reason code, and a sentence."""

    EVERYWHERE = "do_not_call", "The number is on the do-not-call list."
    CAMPAIGN = "do_not_call", "The number is on the do-not-call list of this campaign."
    HELD = (
        "opt_out_review",
        "The person may have opted out in a call. The number is held until someone reviews it.",
    )

    @property
    def code(self) -> str:
        """The reason code."""
        return self.value[0]

    @property
    def message(self) -> str:
        """The sentence."""
        return self.value[1]


class BanEntry(NamedTuple):
    """The parts of an entry that decide, and those by which a person finds it."""

    pk: int
    campaign_id: int | None
    is_hold: bool
    source: str
    created_at: datetime
    expires_at: datetime | None

    def ban_on(self, campaign_id: int | None) -> Ban | None:
        """Return why the entry keeps a batch of a campaign, or of none, from calling."""
        if self.is_hold:
            return Ban.HELD
        if self.campaign_id is None:
            return Ban.EVERYWHERE
        return Ban.CAMPAIGN if self.campaign_id == campaign_id else None

    def __str__(self) -> str:
        """Return which entry it is: its number, scope, source and expiry, in a sentence."""
        scope = "all calls" if self.campaign_id is None else "the calls of this campaign"
        since = moment_in_words(self.created_at)
        until = moment_in_words(self.expires_at) if self.expires_at else "further notice"
        source = SuppressionSource(self.source).label
        return f"Entry {self.pk}: {scope}, from {since} until {until} ({source})."


@dataclass(frozen=True, slots=True)
class Bans:
    """The entries in force for some numbers: which batches must not call which."""

    entries: Mapping[str, list[BanEntry]] = field(default_factory=dict)

    def on(self, e164: str, campaign_id: int | None) -> Ban | None:
        """Return why a batch of a campaign, or of none, must not call a number."""
        decided = self.decided(e164, campaign_id)
        return decided[0] if decided else None

    def decided(self, e164: str, campaign_id: int | None) -> tuple[Ban, BanEntry] | None:
        """Return why such a batch must not call a number, and the entry that blocks most."""
        found = [
            (ban, entry)
            for entry in self.entries.get(e164, ())
            if (ban := entry.ban_on(campaign_id)) is not None
        ]
        return min(found, key=lambda one: list(Ban).index(one[0]), default=None)

    def among(self, e164s: Iterable[str], campaign_id: int | None = None) -> set[str]:
        """Return the subset of the numbers that a campaign's batches, or others, must not call."""
        return {e164 for e164 in e164s if self.on(e164, campaign_id)}


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    """The entries of the do-not-call list."""

    #: A number is looked up in up to three hashes, and a database takes some 32,000 parameters.
    NUMBERS_AT_A_TIME = 10_000

    def in_force(self, now: datetime) -> SuppressionQuerySet:
        """Return the entries that have not expired. Whatever decides about calls begins here."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now))

    def concerning(self, campaign: Combinable) -> SuppressionQuerySet:
        """Return the entries for all campaigns, and those for one."""
        return self.filter(Q(campaign=None) | Q(campaign=campaign))

    def forbidding(self, *, number: Any, campaign: Combinable, now: datetime) -> Exists:
        """Return whether a row's number must not be called, as an expression of a query.

        Holds forbid too. Hashes are compared only if they are among ``number``: an expression,
        or a list of them.
        """
        numbers = number if isinstance(number, list) else [number]
        found = self.in_force(now).concerning(campaign).filter(e164__in=numbers)
        return Exists(found.order_by())

    def bans_among(self, e164s: Iterable[str], *, now: datetime) -> Bans:
        """Return the entries in force for the numbers, by number or by hash.

        Hashes cost three times as much as the numbers and most lists have none, so the first query
        also asks whether there are any.
        """
        numbers_of: dict[str, list[str]] = defaultdict(list)
        for e164 in dict.fromkeys(e164s):
            for spelling in same_phone.spellings_of(e164):
                numbers_of[spelling].append(e164)
        wanted = list(numbers_of)
        a_hash = self.hashed().order_by("e164").values("e164")[:1]
        in_force = self.in_force(now).order_by()
        entries: dict[str, list[BanEntry]] = defaultdict(list)
        for start in range(0, len(wanted), self.NUMBERS_AT_A_TIME):
            numbers = wanted[start : start + self.NUMBERS_AT_A_TIME]
            has_hashes = False
            for number, *entry in _entries(
                in_force.filter(Q(e164__in=numbers) | Q(e164=Subquery(a_hash)))
            ):
                has_hashes = has_hashes or hashed_numbers.is_hashed(number)
                for e164 in numbers_of.get(number, ()):
                    entries[e164].append(BanEntry(*entry))
            if has_hashes:
                by_hash = {
                    digest: spelling
                    for spelling in numbers
                    for digest in hashed_numbers.hashes_of(spelling)
                }
                for digest, *entry in _entries(in_force.filter(e164__in=by_hash)):
                    for e164 in numbers_of[by_hash[digest]]:
                        entries[e164].append(BanEntry(*entry))
        return Bans(entries)

    def about(self, e164: str) -> SuppressionQuerySet:
        """Return all entries about a number, expired ones too: its own, and its hashes."""
        spellings = same_phone.spellings_of(e164)
        return self.filter(e164__in=[*spellings, *hashed_numbers.hashes_of(e164)])

    def hashed(self) -> SuppressionQuerySet:
        """Return the entries of which only the hash is known, by the index of all entries."""
        return self.filter(e164__gte=hashed_numbers.PREFIX)

    def entries(self) -> SuppressionQuerySet:
        """Return all entries that are no holds."""
        return self.filter(is_hold=False)

    def holds(self) -> SuppressionQuerySet:
        """Return the numbers that wait for the review of an opt-out."""
        return self.filter(is_hold=True)


def _entries(entries: SuppressionQuerySet) -> QuerySet[Suppression, tuple[Any, ...]]:
    return entries.values_list("e164", "id", *BanEntry._fields[1:])


class Suppression(models.Model):
    """A number that must not be called, or its hash (`hashed_numbers`).

    By any batch or by those of ``campaign``, for good or until ``expires_at``. Entries are not
    replaced: an expired one stays as proof. A hold is temporary, while an opt-out is reviewed.
    """

    e164 = models.CharField("number", max_length=hashed_numbers.LONGEST_ENTRY)
    campaign = models.ForeignKey(
        "campaigns.Campaign",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="suppressions",
        help_text="Leave blank to block calls of all campaigns.",
    )
    reason = models.CharField(max_length=200, blank=True)
    source = models.CharField(
        max_length=10, choices=SuppressionSource.choices, default=SuppressionSource.MANUAL
    )
    evidence = models.CharField(
        max_length=500, blank=True, help_text="Where the request can be looked up."
    )
    call_id = models.UUIDField(null=True, blank=True, help_text="The call that is the evidence.")
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Leave blank to keep the entry in force for good."
    )
    is_hold = models.BooleanField(default=False, editable=False)
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
        # PostgreSQL finds the beginning of a number only by an index of this kind.
        indexes = [
            models.Index(
                fields=["e164"], opclasses=["varchar_pattern_ops"], name="suppression_by_beginning"
            ),
            models.Index(
                fields=["campaign"],
                condition=Q(campaign__isnull=False),
                name="suppression_by_campaign",
            ),
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
            # Also the index by which a claim finds numbers, which come first.
            UniqueConstraint(
                F("e164"),
                F("is_hold"),
                Coalesce("campaign_id", EVERYWHERE),
                Coalesce("expires_at", NEVER),
                name="suppression_unique_entry",
                violation_error_message="This number already has such an entry.",
            ),
        ]

    def __str__(self) -> str:
        return self.e164

    @property
    def is_hashed(self) -> bool:
        """Whether only the hash of the number is known."""
        return hashed_numbers.is_hashed(self.e164)

    def is_in_force(self, now: datetime) -> bool:
        """Whether the entry has not expired."""
        return self.expires_at is None or self.expires_at > now

    def clean(self) -> None:
        """Convert the number to E.164; refuse invalid numbers, which would have no effect."""
        if hashed := hashed_numbers.entry_of(self.e164):
            self.e164 = hashed
            return
        parsed = parse_e164(self.e164, region=settings.DEFAULT_REGION)
        if isinstance(parsed, NumberProblem):
            raise ValidationError({"e164": parsed.message})
        self.e164 = parsed.e164
