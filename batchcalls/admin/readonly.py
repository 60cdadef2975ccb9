"""Tables that only the engine writes."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest

from batchcalls.admin.pages import OwnPages

ModelT = TypeVar("ModelT", bound=Model)


class NobodyWrites:
    """Refuses manual changes: no adding, changing or deleting."""

    #: Without changes by hand, there is no history of them.
    is_read_only = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


class ReadOnlyAdmin(NobodyWrites, OwnPages[ModelT]):
    """Read-only pages of a table."""

    show_full_result_count = False
