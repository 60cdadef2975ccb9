"""Permission checks, shared by the pages and both APIs.

Each of these turns `Denied` into its own response.
"""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied

from batchcalls.models import ApiKey, Scope


class Denied(PermissionDenied):
    """A scope or a permission is missing. The text names it."""


class Need:
    """What an API key needs: a scope (None for any key), and permissions of its owner."""

    def __init__(self, scope: Scope | None, *permissions: str) -> None:
        self.scope, self.permissions = scope, permissions

    def missing(self, key: ApiKey) -> str:
        """Return what the key or its owner lacks, or a blank."""
        if self.scope is not None and self.scope not in key.scopes:
            return f"This API key lacks the scope {self.scope.value}."
        name = _missing(key.owner, self.permissions)
        return f"The owner of this API key may not do that: {name}." if name else ""

    def require(self, key: ApiKey) -> None:
        """Raise `Denied` unless the key and its owner have everything."""
        if text := self.missing(key):
            raise Denied(text)


def require(user: User | AnonymousUser, *permissions: str) -> None:
    """Raise `Denied` unless the user has all of the permissions."""
    if name := _missing(user, permissions):
        raise Denied(f"You may not do that: {name}.")


def _missing(user: User | AnonymousUser, permissions: tuple[str, ...]) -> str:
    return next((one for one in permissions if not user.has_perm(one)), "")
