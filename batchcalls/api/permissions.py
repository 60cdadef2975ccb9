"""What an operation of the API needs is checked before it runs."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from batchcalls.models import ApiKey


class HasNeed(BasePermission):
    """Admits whom the view's ``needs`` name for its action; an action without any admits nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raise `Denied`, which says what is missing, rather than only refuse."""
        if not isinstance(request.auth, ApiKey):
            return False
        action = view.action
        if action in {None, "metadata"}:  # The method is not offered; that is said after this.
            return True
        view.needs[action].require(request.auth)
        return True
