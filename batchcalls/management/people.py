"""Users that commands name."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.management.base import CommandError


def user_named(username: str) -> User:
    """Return a user. Raise `CommandError` if there is none."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no user “{username}”. Usernames are case-sensitive.")
    return user
