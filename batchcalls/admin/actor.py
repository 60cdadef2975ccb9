"""Who acts."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest


def actor_of(request: HttpRequest) -> User:
    """Return the person behind a request of the back office; raise `TypeError` for nobody."""
    if not isinstance(request.user, User):
        raise TypeError("The back office is for people who are signed in.")
    return request.user
