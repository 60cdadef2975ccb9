"""Read and check the options of a Bland AI account."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from batchcalls.voice.errors import OptionsInvalid

#: Option -> the least and the most that make sense.
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "poll_seconds": (0.01, 86_400),
    "silence_seconds": (0.01, 86_400),
    "absent_after_seconds": (0, 86_400),
    "connect_timeout_seconds": (0.01, 120),
    "read_timeout_seconds": (0.01, 600),
    "connections": (1, 1_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BlandOptions:
    """The options of one account, checked. All times are in seconds.

    ``credentials`` is the first part of the names of the environment variables that hold key,
    address and webhook secrets. ``poll_seconds`` is how often a call is asked about that sends no
    webhook, ``silence_seconds`` when one is asked about that should have sent some.
    ``absent_after_seconds`` after it was sent, a call that the provider does not know was
    definitely not placed. ``connections`` is how many requests can be under way at once.
    """

    credentials: str = "BLAND"
    poll_seconds: float = 15.0
    silence_seconds: float = 180.0
    absent_after_seconds: float = 120.0
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 30.0
    connections: int = 128

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> BlandOptions:
        """Check what the account says; raise `OptionsInvalid` naming the option and the remedy."""
        known = [option.name for option in fields(cls)]
        unknown = [str(name) for name in given if name not in known]
        if unknown:
            raise OptionsInvalid(
                f"Bland AI has no option {', '.join(sorted(unknown))}; it knows "
                f"{', '.join(known)}. Keys and addresses come from the environment."
            )
        return cls(**{name: _read(name, value) for name, value in given.items()})

    @property
    def longest_request_seconds(self) -> float:
        """How long a request can be under way: connection, silence, body."""
        # Waiting for a free connection is bounded like connecting.
        return 2 * self.connect_timeout_seconds + 2 * self.read_timeout_seconds


def _read(name: str, value: Any) -> Any:
    """Check one option; the name of the credentials is checked where they are read."""
    if name == "credentials":
        return value
    least, most = _BOUNDS[name]
    whole = name == "connections"
    is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not least <= value <= most:
        kind = "a whole number" if whole else "a number"
        raise OptionsInvalid(f"Option {name} must be {kind} from {least:g} to {most:g}.")
    return value if whole else float(value)
