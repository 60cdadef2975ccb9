"""Base classes of statuses and roles; a status cannot be declared without a role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

from django.db.models import TextChoices


class Tone(StrEnum):
    """The color of a status pill, by what the status means to a reader."""

    NEUTRAL = "neutral"
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    DANGER = "danger"


NEUTRAL, INFO, SUCCESS, WARNING, DANGER = Tone


@dataclass(frozen=True, slots=True)
class Role:
    """The meaning of a status."""

    tone: Tone


class Status(TextChoices):
    """Choices that cannot be declared without a role: ``NAME = "value", role, "Label"``."""

    role: Role

    def __new__(cls, value: str, role: Role | None = None) -> Self:
        """Store the role with the value. Raise `TypeError` when there is no role."""
        if role is None:
            table = f"{cls.__module__.replace('.', '/')}.py"
            raise TypeError(
                f"{cls.__name__} “{value}” has no role. Enter it in {table} as "
                f'{value.upper()} = "{value}", role, "Label".'
            )
        status = str.__new__(cls, value)
        status._value_ = value
        status.role = role
        return status


StatusT = TypeVar("StatusT", bound=Status)


def those(kind: type[StatusT], belongs: Callable[[StatusT], bool]) -> frozenset[StatusT]:
    """Return the statuses of a kind for which ``belongs`` is true."""
    return frozenset(status for status in kind if belongs(status))
