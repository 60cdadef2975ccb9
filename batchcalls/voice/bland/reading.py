"""Read untrusted JSON, in which any value may have an unexpected type.

The results can be stored: no NUL, no lone surrogate, no number outside JSON, and no nesting so
deep that writing would fail.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from campaigns.storable import UNSTORABLE

_MAX_DEPTH = 100
_YEARS = range(2000, 2200)


class NotJson(ValueError):
    """Bytes that are not JSON or cannot be stored."""


def parse(body: bytes) -> Any:
    """Parse a JSON body; raise `NotJson` and nothing else."""
    try:
        text = body.decode()
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise NotJson(type(error).__name__) from None
    # Such characters come only from escapes, so most bodies need no second pass.
    suspect = "\\u" in text or text.count("[") + text.count("{") > _MAX_DEPTH
    return _storable(value) if suspect else value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("too large")
    return number


#: Made once, because `json.loads` would make one for every answer.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _storable(value: Any, depth: int = 0) -> Any:
    if depth > _MAX_DEPTH:
        raise NotJson("nested too deeply")
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_storable(k): _storable(item, depth + 1) for k, item in value.items()}
    if isinstance(value, list):
        return [_storable(item, depth + 1) for item in value]
    return value


def text(value: Any, *, at_most: int | None = None) -> str:
    """Return stripped text, cut to a length; "" for anything that is not text."""
    return value.strip()[:at_most].strip() if isinstance(value, str) else ""


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return a list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def number(value: Any) -> Decimal | None:
    """Return a finite number from a number or text; None for anything else.

    Floats are converted by their text, the decimal that was sent up to 15 digits, so that amounts
    of money stay exact.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        parsed = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):
        return None
    return parsed if parsed.is_finite() and abs(parsed) < 10**12 else None


def instant(value: Any) -> datetime | None:
    """Return a time in UTC; without an offset it is read as UTC; None for anything else."""
    try:
        parsed = datetime.fromisoformat(text(value, at_most=50))
        aware = parsed.replace(tzinfo=parsed.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return aware if aware.year in _YEARS else None


def uuid(value: Any) -> UUID | None:
    """Return a UUID in any of the usual formats; None for anything else."""
    try:
        return UUID(text(value, at_most=50))
    except ValueError:
        return None
