"""Calls in which a person may have opted out, and what was decided about each."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q


class OptOutDecision(models.TextChoices):
    OPTED_OUT = "opted_out", "Opted out"
    NOT_AN_OPT_OUT = "not_an_opt_out", "Not an opt-out"


class OptOutReviewQuerySet(models.QuerySet["OptOutReview"]):
    def pending(self) -> OptOutReviewQuerySet:
        """Return the reviews that nobody has decided."""
        return self.filter(decided_at=None)


class OptOutReview(models.Model):
    """What was heard in a call that may be an opt-out. The number is held until the decision."""

    call = models.OneToOneField(
        "batchcalls.CallResult", on_delete=models.CASCADE, related_name="opt_out_review"
    )
    e164 = models.CharField("number", max_length=16, db_index=True)
    heard = models.CharField(max_length=300, help_text="What the person said, or the key pressed.")
    language = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField()
    decision = models.CharField(max_length=20, choices=OptOutDecision.choices, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = OptOutReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = "opt-out review"
        default_permissions = ("view",)
        permissions = [("decide_optoutreview", "Can decide whether a person opted out")]
        # SQLite too uses this one: "is null" needs no parameter.
        indexes = [
            models.Index(fields=["id"], condition=Q(decided_at=None), name="opt_out_review_pending")
        ]
        constraints = [
            CheckConstraint(
                condition=(Q(decided_at=None) & Q(decision=""))
                | (~Q(decided_at=None) & Q(decision__in=OptOutDecision.values)),
                name="opt_out_review_decided_iff_decision",
            )
        ]

    def __str__(self) -> str:
        return f"{self.e164}: {self.heard}"
