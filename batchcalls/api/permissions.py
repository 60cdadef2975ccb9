"""What an operation asks of whoever calls it: a scope of the key, and rights of its owner."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from batchcalls.models import ApiKey, Scope


class Need:
    """A scope (None: any key will do), and Django permissions of which the owner has all."""

    def __init__(self, scope: Scope | None, *permissions: str) -> None:
        self.scope, self.permissions = scope, permissions


class HasNeed(BasePermission):
    """Admits whom the view's ``needs`` name for its action; an action without any admits nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Say what is missing rather than only no."""
        if not isinstance(request.auth, ApiKey):
            return False
        action = view.action
        if action in {None, "metadata"}:  # The method is not offered; that is said after this.
            return True
        check(request, view.needs[action])
        return True


def check(request: Request, need: Need) -> None:
    """Raise `PermissionDenied` that names what is missing."""
    key: Any = request.auth
    if need.scope is not None and need.scope not in key.scopes:
        raise PermissionDenied(f"This API key lacks the scope {need.scope.value}.")
    missing = [one for one in need.permissions if not request.user.has_perm(one)]
    if missing:
        raise PermissionDenied(f"The owner of this API key may not do that: {missing[0]}.")
