"""The user behind a request."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest


def actor_of(request: HttpRequest) -> User:
    """Return the signed-in user of a request. Raise `TypeError` when nobody is signed in."""
    if not isinstance(request.user, User):
        raise TypeError("The back office is for people who are signed in.")
    return request.user
