"""How a person likes the back office: the time zone of its times, and keyboard shortcuts."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.utils import timezone


class Preferences(models.Model):
    """What a person chose. People without a row: the site's time zone, and shortcuts."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="preferences",
    )
    time_zone = models.CharField(
        max_length=64, blank=True, help_text="An IANA name. Blank: the site's time zone."
    )
    shortcuts = models.BooleanField("keyboard shortcuts", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "preferences"
        default_permissions = ()

    def __str__(self) -> str:
        return f"Preferences of {self.user}"

    @property
    def zone(self) -> tzinfo:
        """The time zone of the times that the person sees and types."""
        try:
            return ZoneInfo(self.time_zone) if self.time_zone else timezone.get_default_timezone()
        except (ZoneInfoNotFoundError, ValueError):  # of another version of the database of zones
            return timezone.get_default_timezone()


def preferences_of(user: User | AnonymousUser | None) -> Preferences:
    """Return a person's row, or an unsaved one with the defaults."""
    if not isinstance(user, User):
        return Preferences()
    # A row that does not exist is an AttributeError, too.
    found: Preferences | None = getattr(user, "preferences", None)
    return found or Preferences(user=user)
