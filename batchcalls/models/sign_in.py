"""How people sign in: their authenticator app, recovery codes, and what they must do first."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models


class SignIn(models.Model):
    """What signing in asks of a person beyond the password. People without a row: nothing.

    ``totp_secret`` is encrypted (`campaigns.encryption`); blank without two-step sign-in.
    ``totp_step`` is the last time step whose code was accepted, so that no code works twice.
    ``totp_drift`` is how many steps the person's phone is ahead. ``failures`` counts wrong codes
    since the last right one.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="sign_in"
    )
    must_change_password = models.BooleanField(default=False)
    totp_secret = models.TextField(blank=True, editable=False)
    totp_since = models.DateTimeField(null=True, editable=False)
    totp_step = models.BigIntegerField(default=0, editable=False)
    totp_drift = models.SmallIntegerField(default=0, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    locked_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "sign-in"

    def __str__(self) -> str:
        return f"Sign-in of {self.user}"

    @property
    def is_two_step(self) -> bool:
        """Whether the person signs in with a code after the password."""
        return bool(self.totp_secret)


def sign_in_of(user: User) -> SignIn:
    """Return a person's row, or an unsaved one with the defaults."""
    try:
        return user.sign_in
    except SignIn.DoesNotExist:
        return SignIn(user=user)


class RecoveryCode(models.Model):
    """A code that replaces one from the authenticator app, once. Only a digest is stored.

    ``digest`` is SHA-256. The code has 80 random bits, so it cannot be guessed from its digest.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes"
    )
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once"),
        ]

    def __str__(self) -> str:
        return f"Recovery code of {self.user}"
