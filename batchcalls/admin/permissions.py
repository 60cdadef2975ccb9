"""What a person must be allowed to do."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


def require(request: HttpRequest, *permissions: str) -> None:
    """Raise `PermissionDenied` unless the person has all of the permissions."""
    if not request.user.has_perms(permissions):
        raise PermissionDenied
