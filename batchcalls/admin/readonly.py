"""Tables that people look at and only the engine writes."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

ModelT = TypeVar("ModelT", bound=Model)
ParentT = TypeVar("ParentT", bound=Model)


class NobodyWrites:
    """Refuses to add, change or delete by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


class ReadOnlyAdmin(NobodyWrites, admin.ModelAdmin[ModelT]):
    """A table's pages, to look at."""

    show_full_result_count = False
    list_per_page = 50


class ReadOnlyInline(NobodyWrites, admin.TabularInline[ModelT, ParentT]):
    """Rows that belong to a page, to look at."""

    extra = 0

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show every field as text: some have no form field at all."""
        return self.fields or []
