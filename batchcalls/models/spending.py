"""What calls may cost, and what they have cost so far."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from batchcalls.voice.prices import Prices

#: Stored as the code of a hold: the account waits for the next day, not for its provider.
DAILY_BUDGET = "daily_budget"


class MinuteRounding(models.TextChoices):
    """How a provider charges minutes that are not full."""

    SECOND = "second", "Per second"
    MINUTE = "minute", "Per started minute"


class Budgeted(models.Model):
    """The prices and budgets of a voice account. Money is in its ``currency``."""

    price_per_minute = models.DecimalField(max_digits=10, decimal_places=5, default=Decimal(0))
    price_per_voicemail_minute = models.DecimalField(
        max_digits=10,
        decimal_places=5,
        null=True,
        blank=True,
        validators=[MinValueValidator(0, "A price cannot be below 0: for none, write 0.")],
        help_text="Leave blank if voicemails cost the same as answered calls.",
    )
    price_per_attempt = models.DecimalField(max_digits=10, decimal_places=5, default=Decimal(0))
    minute_rounding = models.CharField(
        max_length=10,
        choices=MinuteRounding.choices,
        default=MinuteRounding.SECOND,
        help_text="How the provider bills partial minutes.",
    )
    daily_budget = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text="When it is used up, batches wait until the next day. Leave blank for no limit.",
    )
    monthly_budget = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text="When it is used up in a calendar month, batches pause. Leave blank "
        "for no limit.",
    )
    budget_warning_percent = models.PositiveSmallIntegerField(
        "budget warning",
        default=80,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Percent of a budget at which batches get a warning, once.",
    )
    overcharge = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        default=Decimal(1),
        editable=False,
        help_text="How many times these prices the provider charged for a call at most. Budgets "
        "reserve that much.",
    )
    budget_warnings = models.JSONField(
        default=dict,
        editable=False,
        help_text="The last warning about each budget: its period and amount.",
    )

    class Meta:
        abstract = True

    @property
    def prices(self) -> Prices:
        """What calls through this account cost."""
        return Prices(
            per_minute=self.price_per_minute,
            per_voicemail_minute=self.price_per_voicemail_minute,
            per_attempt=self.price_per_attempt,
            whole_minutes=self.minute_rounding == MinuteRounding.MINUTE,
            currency=self.currency,  # type: ignore[attr-defined]
            overcharge=self.overcharge,
        )


class DailySpending(models.Model):
    """What an account's ended calls of one day cost, added up as they end.

    A call belongs to the day of its claim in the site's time zone. The sum can be recounted from
    the calls at any time.
    """

    account = models.ForeignKey(
        "batchcalls.VoiceAccount", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField()
    spent = models.DecimalField(max_digits=14, decimal_places=5, default=Decimal(0))
    counted_at = models.DateTimeField(
        null=True, help_text="When the sum was last recounted from the calls."
    )

    class Meta:
        ordering = ["-day", "account"]
        constraints = [
            UniqueConstraint(fields=["account", "day"], name="spending_unique_day"),
            CheckConstraint(condition=Q(spent__gte=0), name="spending_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.spent} on {self.day}"
