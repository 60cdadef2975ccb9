"""When failures pause calling."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

#: Percent of failed calls that pauses batches of accounts that ring people, unless set otherwise.
USUAL_FAILURES_ALLOWED = 50


class Protected(models.Model):
    """The circuit breaker of a voice account: too many failures in a short time pause batches."""

    breaker_percent = models.PositiveSmallIntegerField(
        "failures that pause batches",
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text="Percent of recent calls. Leave blank for 50 on accounts that ring real phones "
        "and no limit on others. Enter 0 for no limit.",
    )
    breaker_calls = models.PositiveIntegerField(
        "minimum calls",
        default=20,
        validators=[MinValueValidator(1)],
        help_text="Fewer recent calls never pause a batch.",
    )
    breaker_minutes = models.PositiveSmallIntegerField(
        "time window (minutes)",
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(1_440)],
        help_text="How far back calls count as recent.",
    )

    class Meta:
        abstract = True

    @property
    def failures_allowed(self) -> int | None:
        """The share of failed calls, in percent, that pauses batches; None for no limit."""
        if self.breaker_percent is None:
            rings_people: bool = self.dials_people  # type: ignore[attr-defined]
            return USUAL_FAILURES_ALLOWED if rings_people else None
        return self.breaker_percent or None
