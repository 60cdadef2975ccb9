"""The settings of one call: those that all calls share, and the row's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: Settings that the provider takes as one. A row that has one of them has none of the others.
_TOGETHER: Final = frozenset({"tools", "custom_tools"})


def for_row(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shared settings, replaced by the row's own."""
    if own and not _TOGETHER.isdisjoint(own):
        shared = {name: value for name, value in shared.items() if name not in _TOGETHER}
    return {**shared, **own}
