"""The carrier's behavior; every field can be set with ``PUT /control``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

ROUTES = ("place", "list", "details", "stop", "me")


@dataclass(slots=True, kw_only=True)
class Behavior:
    """Rates are shares from 0 to 1, times are in seconds; see each group."""

    # Authentication. ``unauthorized``: refuse every key.
    key: str = "test-key"
    unauthorized: bool = False

    # Whether clients get a connection; otherwise they wait for one. See `Door`.
    accepting: bool = True

    # How long an answer takes; the call exists as soon as the request is received.
    latency_seconds: float = 0.0
    jitter_seconds: float = 0.0

    # How far the carrier's clock is ahead of ours; null: its answers have no Date.
    clock_offset_seconds: float | None = 0.0

    # Faults of requests to place a call; the first one drawn applies.
    reset_before_rate: float = 0.0  # connection reset, no call
    throttle_rate: float = 0.0  # 429, no call
    throttle_retry_after: str | None = None  # the header's value, or no header
    reject_rate: float = 0.0  # 400, no call
    error_before_rate: float = 0.0  # 500, no call
    error_after_rate: float = 0.0  # 500, and a call
    reset_after_rate: float = 0.0  # connection reset without an answer, and a call
    slow_body_rate: float = 0.0  # an answer byte by byte, and a call
    slow_body_interval_seconds: float = 0.05

    # Route ("place", "list", "details", "stop", "me") -> the fixed answer of that route:
    # {"status", "headers", "body"} or {"raw": text, "close": true}; with "placed": true, the call
    # exists nevertheless.
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    # The course of calls. ``speed``: call seconds per real second; 0: calls end immediately.
    speed: float = 1.0
    queue_seconds: float = 0.0
    talk_seconds: tuple[float, float] = (20.0, 60.0)
    outcomes: dict[str, float] = field(default_factory=lambda: {"human": 1.0})
    listed_after_seconds: float = 0.0  # how late a call appears in lists
    unlisted_rate: float = 0.0  # calls that exist, and never appear in lists
    list_limit: int = 1000  # most calls on a page, whatever the request says
    spelling: str = "e164"  # "national": lists omit a leading +1

    # Webhooks, to each call's ``webhook``: an event when the call starts, a report when it ends.
    webhook_secret: str = ""  # blank: no webhooks are sent
    webhook_delay_seconds: float = 0.0
    webhook_lost_rate: float = 0.0
    webhook_duplicate_rate: float = 0.0
    webhook_reverse_rate: float = 0.0  # the event comes after the report
    webhook_wrong_signature_rate: float = 0.0  # a copy with a wrong signature is sent too
    webhook_retries: int = 0  # how often a failed delivery is repeated

    def update(self, given: Mapping[str, Any]) -> None:
        """Set fields by name; raise `ValueError` for one that does not exist."""
        known = {one.name for one in fields(self)}
        if unknown := sorted(set(given) - known):
            raise ValueError(f"There is no {', '.join(unknown)}; known: {', '.join(known)}.")
        for name, value in given.items():
            setattr(self, name, value)
        if wrong := sorted(set(self.answers) - set(ROUTES)):
            raise ValueError(f"There is no route {', '.join(wrong)}; known: {', '.join(ROUTES)}.")
