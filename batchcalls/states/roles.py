"""What every status has: a role, without which it cannot be declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

from django.db.models import TextChoices


class Tone(StrEnum):
    """What a status means to a reader; the color of its pill."""

    NEUTRAL = "neutral"
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    DANGER = "danger"


NEUTRAL, INFO, SUCCESS, WARNING, DANGER = Tone


@dataclass(frozen=True, slots=True)
class Role:
    """What a status means."""

    tone: Tone


class Status(TextChoices):
    """Choices that cannot be declared without a role: ``NAME = "value", role, "Label"``."""

    role: Role

    def __new__(cls, value: str, role: Role | None = None) -> Self:
        """Keep the role beside the value. Raises TypeError if there is none."""
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
