"""Voice accounts: provider connections that place calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import CheckConstraint, Q
from django.urls import reverse

from batchcalls.models.circuit_breaker import Protected
from batchcalls.models.leased import Leased
from batchcalls.models.querysets import VoiceAccountQuerySet
from batchcalls.models.spending import DAILY_BUDGET, Budgeted
from batchcalls.voice import clocks, registry
from batchcalls.voice.base import AccountConfig, VoiceProvider
from batchcalls.voice.errors import OptionsInvalid
from campaigns.countries import Permitted, SpecialKind
from campaigns.e164 import is_region

validate_currency = RegexValidator(r"^[A-Z]{3}$", "A currency is three capital letters (ISO 4217).")

#: How long a slow database is reported after calls were last held back. Calls are held back at
#: most once in `SEND_WITHIN_SECONDS`.
SLOW_FOR = timedelta(seconds=2 * settings.STALE_CLAIM_SECONDS)


@lru_cache(maxsize=64)
def _permitted(countries: tuple[str, ...], kinds: tuple[str, ...]) -> Permitted:
    return Permitted.of(countries, kinds)


class VoiceAccount(Budgeted, Protected, Leased):
    """A provider with limits, prices and an on/off switch. Credentials are never stored here."""

    name = models.CharField(max_length=100, unique=True)
    provider = models.CharField(max_length=40, choices=registry.choices, default=registry.DEFAULT)
    enabled = models.BooleanField(
        default=True, help_text="When off, no batch places calls through this account."
    )
    countries = models.JSONField(
        default=list,
        blank=True,
        help_text="Countries that may be called (ISO 3166); empty: that of DEFAULT_REGION.",
    )
    special_numbers = models.JSONField(
        default=list, blank=True, help_text="Kinds of special numbers that may be called."
    )
    cps = models.FloatField(
        "calls per second",
        null=True,
        blank=True,
        validators=[MinValueValidator(0.001)],
        help_text="Calls that can start each second. Leave blank for no limit.",
    )
    concurrency = models.PositiveIntegerField(
        default=1000, validators=[MinValueValidator(1)], help_text="Maximum number of live calls."
    )
    currency = models.CharField(max_length=3, default="USD", validators=[validate_currency])
    options = models.JSONField(
        default=dict, blank=True, help_text="Provider options, for example the simulator's speed."
    )
    next_slot_at = models.DateTimeField(null=True, editable=False)
    held_until = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Until when no calls start: the provider asked for it, or a budget is used up.",
    )
    held_code = models.CharField(
        max_length=20, blank=True, editable=False, help_text="Blank if the provider asked for it."
    )
    held_reason = models.TextField(blank=True, editable=False)
    database_slow_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When calls were last held back because the database was too slow.",
    )
    clock_ahead_seconds = models.IntegerField(
        null=True,
        editable=False,
        help_text="How far our clock is ahead of the provider's, if the difference matters.",
    )
    beyond_floor_until = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Until when calls may go beyond the legal floor. Blank for never.",
    )
    beyond_floor_reason = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = VoiceAccountQuerySet["VoiceAccount"].as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            CheckConstraint(condition=Q(concurrency__gte=1), name="account_concurrency_positive"),
            CheckConstraint(condition=Q(cps=None) | Q(cps__gt=0), name="account_cps_positive"),
            CheckConstraint(
                condition=Q(price_per_minute__gte=0) & Q(price_per_attempt__gte=0),
                name="account_prices_not_negative",
            ),
            CheckConstraint(
                condition=Q(beyond_floor_until=None) | ~Q(beyond_floor_reason=""),
                name="account_beyond_floor_has_reason",
            ),
        ]
        permissions = [
            ("waive_voiceaccount", "Can let an account call beyond the legal floor"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def dials_people(self) -> bool:
        """False when no real phone rings, as with the simulator."""
        return registry.PROVIDERS[self.provider].dials_people

    @property
    def permitted(self) -> Permitted | None:
        """The countries and kinds of numbers that may be called; None if no real phone rings."""
        if not self.dials_people:
            return None
        return _permitted(
            tuple(self.countries or [settings.DEFAULT_REGION]), tuple(self.special_numbers)
        )

    def caller_ids_off(self) -> frozenset[str]:
        """Return the caller IDs that are switched off."""
        return frozenset(self.caller_ids.filter(enabled=False).values_list("e164", flat=True))

    @property
    def special_kinds(self) -> frozenset[str]:
        """The kinds of special numbers that may be called."""
        return self.permitted.kinds if self.permitted else frozenset()

    def is_beyond_floor(self, now: datetime) -> bool:
        """Return whether a person lifted the legal floor for calls at this time."""
        return self.beyond_floor_until is not None and now < self.beyond_floor_until

    def has_floor(self, now: datetime) -> bool:
        """Return whether the legal floor holds: real phones ring and nobody lifted it."""
        return self.dials_people and not self.is_beyond_floor(now)

    def is_held(self, now: datetime) -> bool:
        """Return whether no calls may start before a time that is still to come."""
        return self.held_until is not None and self.held_until > now

    def is_out_of_budget(self, now: datetime) -> bool:
        """Return whether no calls start before the next day because the budget is used up."""
        return self.is_held(now) and self.held_code == DAILY_BUDGET

    def database_problem(self, now: datetime) -> str:
        """Return why the database keeps the account from dialing; blank if it does not."""
        if self.database_slow_at is None or now - self.database_slow_at > SLOW_FOR:
            return ""
        return (
            "No one is dialed because the database takes longer than half a second to answer. "
            "Check its load and the network between it and the workers."
        )

    @property
    def provider_class(self) -> type[VoiceProvider]:
        """The provider's adapter class. Raise `OptionsInvalid` for an unknown provider."""
        return registry.provider_of(self.provider)

    @property
    def webhook_url(self) -> str:
        """The URL for the provider's webhooks; blank before the account is saved."""
        path = reverse("voice-webhook", args=[self.pk]) if self.pk else ""
        return f"{settings.PUBLIC_URL}{path}" if path else ""

    @property
    def clock_problem(self) -> str:
        """What is wrong with our clock, by the provider's answers; blank if nothing is."""
        if self.clock_ahead_seconds is None:
            return ""
        return f"Our clock is {clocks.in_words(self.clock_ahead_seconds)} the provider's."

    def voice_provider(self) -> VoiceProvider:
        """Return the adapter for this account. Raise `OptionsInvalid` for unusable options."""
        config = AccountConfig(
            name=self.name,
            options=self.options,
            price_per_minute=self.price_per_minute,
            price_per_attempt=self.price_per_attempt,
            currency=self.currency,
            webhook_url=self.webhook_url,
        )
        return registry.build(self.provider, config)

    def clean(self) -> None:
        """Raise `ValidationError` for unusable options, unknown countries, and unknown kinds.

        A missing key in this process's environment is not an error: the workers may have it, and
        the account must remain editable.
        """
        errors: dict[str, Any] = {}
        try:
            registry.check_options(self.provider, self.options)
        except OptionsInvalid as error:
            errors["options"] = str(error)
        for name, known in (
            ("countries", is_region),
            ("special_numbers", set(SpecialKind).__contains__),
        ):
            if unknown := [one for one in getattr(self, name) if not known(one)]:
                errors[name] = f"Unknown: {', '.join(map(str, unknown))}."
        if errors:
            raise ValidationError(errors)
