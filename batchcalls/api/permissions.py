"""Permissions of API operations, checked before they run."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from batchcalls.models import ApiKey


class HasNeed(BasePermission):
    """Admits keys with the permission in the view's ``needs``, and no one if it has no entry."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raise `Denied`, which names what is missing, instead of returning False."""
        if not isinstance(request.auth, ApiKey):
            return False
        action = view.action
        if action in {None, "metadata"}:  # Not an offered method: a later check responds.
            return True
        view.needs[action].require(request.auth)
        return True
