"""The options of a Bland AI account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batchcalls.voice import credentials
from batchcalls.voice.options import between, option, read_options


@dataclass(frozen=True, slots=True, kw_only=True)
class BlandOptions:
    """The validated options of one account. All times are in seconds."""

    credentials: str = option(
        "BLAND",
        "Prefix of the environment variables that hold the key, address, and webhook "
        "secrets. Use a different one for a second account.",
        read=credentials.read_prefix,
    )
    poll_seconds: float = option(
        15.0,
        "How often to check a call that sends no webhook.",
        read=between(0.01, 86_400),
    )
    silence_seconds: float = option(
        180.0,
        "When to check a call whose webhook is overdue.",
        read=between(0.01, 86_400),
    )
    absent_after_seconds: float = option(
        120.0,
        "How long after it was sent a call that the provider does not know was certainly not "
        "placed.",
        read=between(0, 86_400),
    )
    connect_timeout_seconds: float = option(
        5.0, "How long to wait for a connection.", read=between(0.01, 120)
    )
    read_timeout_seconds: float = option(
        30.0, "How long to wait for a response.", read=between(0.01, 600)
    )
    connections: int = option(
        128,
        "Maximum number of concurrent requests.",
        read=between(1, 1_000, whole=True),
    )

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> BlandOptions:
        """Validate the options; raise `OptionsInvalid` that names the option and the remedy."""
        hint = "Keys and addresses come from the environment."
        return cls(**read_options(cls, given, whose="Bland AI", hint=hint))

    @property
    def longest_request_seconds(self) -> float:
        """The longest possible duration of a request: connection, silence, body."""
        # Waiting for a free connection has the same limit as connecting.
        return 2 * self.connect_timeout_seconds + 2 * self.read_timeout_seconds
