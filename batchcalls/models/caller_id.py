"""Caller IDs: the numbers that an account calls from."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from campaigns.e164 import NumberProblem
from campaigns.e164 import parse as parse_e164


class CallerId(models.Model):
    """A number to call from.

    ``used_at`` is when it was last chosen, so that numbers are used in turn. ``full_until`` is when
    its daily cap allows the next call, if it was found at its cap.
    """

    account = models.ForeignKey(
        "batchcalls.VoiceAccount",
        on_delete=models.CASCADE,
        related_name="caller_ids",
        db_index=False,
    )
    e164 = models.CharField("number", max_length=16)
    enabled = models.BooleanField(
        "on", default=True, help_text="When off, no calls are placed from this number."
    )
    daily_cap = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Calls from this number in 24 hours, in all batches. Leave blank for no cap.",
    )
    note = models.CharField(max_length=200, blank=True)
    used_at = models.DateTimeField(null=True, editable=False)
    full_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "caller ID"
        ordering = ["pk"]
        # Whoever may change an account may change its caller IDs.
        default_permissions = ()
        constraints = [
            UniqueConstraint(fields=["account", "e164"], name="caller_id_unique"),
            CheckConstraint(condition=Q(e164__startswith="+"), name="caller_id_is_e164"),
            CheckConstraint(
                condition=Q(daily_cap=None) | Q(daily_cap__gte=1), name="caller_id_cap_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.e164

    def clean(self) -> None:
        """Normalize the number; raise `ValidationError` if nobody may be called from it."""
        parsed = parse_e164(self.e164, region="ZZ")
        if isinstance(parsed, NumberProblem):
            named = self.e164 in parsed.message
            raise ValidationError(
                {"e164": parsed.message if named else f"{self.e164}: {parsed.message}"}
            )
        self.e164 = parsed.e164
        permitted = self.account.permitted
        if permitted and (refused := permitted.check(self.e164)):
            raise ValidationError({"e164": f"{self.e164}: {refused.message}"})
