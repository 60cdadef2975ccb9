"""What is sent and what comes back, by the names of the operations."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample


def examples_of(operation: str) -> list[OpenApiExample]:
    """Return the examples of an operation."""
    return []
