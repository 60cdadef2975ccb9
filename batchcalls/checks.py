"""System checks that reject contradictory settings before they do harm."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from batchcalls.database import trigrams
from campaigns.e164 import is_region

#: A tick works for 20 s and then waits for the last answers. A shorter timeout would kill healthy
#: ticks.
LEAST_TIMEOUT_SECONDS = 100
LEAST_RETRY_TIMEOUTS = 10
#: Claims are given up at half this time, which must be longer than connecting and reading.
LEAST_STALE_SECONDS = 80


@register(Tags.compatibility)
def check_queue(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Reject queue settings that would kill healthy tasks or run a task twice concurrently."""
    queue = settings.Q_CLUSTER
    problems: list[CheckMessage] = []
    if queue["timeout"] < LEAST_TIMEOUT_SECONDS:
        problems.append(
            Error(
                f"Q_CLUSTER timeout is {queue['timeout']} s: healthy tasks would be killed.",
                hint=f"Set it to {LEAST_TIMEOUT_SECONDS} s or more.",
                id="batchcalls.E001",
            )
        )
    if queue["retry"] < LEAST_RETRY_TIMEOUTS * queue["timeout"]:
        problems.append(
            Error(
                f"Q_CLUSTER retry is {queue['retry']} s, less than {LEAST_RETRY_TIMEOUTS} timeouts:"
                " tasks that wait in a worker's queue would be sent out again.",
                hint=f"Set it to {LEAST_RETRY_TIMEOUTS * queue['timeout']} s or more.",
                id="batchcalls.E002",
            )
        )
    if queue["max_attempts"] != 1 or not queue["ack_failures"]:
        problems.append(
            Error(
                "Q_CLUSTER repeats failed tasks, which the sweep already does.",
                hint="Set max_attempts to 1 and ack_failures to True.",
                id="batchcalls.E003",
            )
        )
    return problems


@register(Tags.compatibility)
def check_broker(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Reject a broker whose client is not installed, because every message would be lost."""
    if not settings.BROKER_URL or importlib.util.find_spec("redis"):
        return []
    return [
        Error(
            "BROKER_URL names Redis, whose client is not installed.",
            hint='Run: pip install "batchcalls[redis]", or leave BROKER_URL out.',
            id="batchcalls.E005",
        )
    ]


@register(Tags.compatibility)
def check_patience(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when healthy calls would be treated as lost and the provider asked needlessly."""
    if settings.STALE_CLAIM_SECONDS >= LEAST_STALE_SECONDS:
        return []
    return [
        Warning(
            f"STALE_CLAIM_SECONDS is {settings.STALE_CLAIM_SECONDS}: a provider may take longer to"
            " answer, and its calls would be shown as unconfirmed in the meantime.",
            hint=f"Set it to {LEAST_STALE_SECONDS} or more.",
            id="batchcalls.W006",
        )
    ]


@register(Tags.compatibility)
def check_region(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Reject a default region that is not a country: numbers without a plus would be invalid."""
    if is_region(settings.DEFAULT_REGION):
        return []
    return [
        Error(
            f"DEFAULT_REGION {settings.DEFAULT_REGION!r} is not a country.",
            hint="Use two letters, such as US or GB.",
            id="batchcalls.E004",
        )
    ]


@register(Tags.database)
def check_number_search(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn when PostgreSQL lacks the index for searching parts of numbers.

    `check --database default` and `migrate` run it.
    """
    return [
        Warning(
            f"The database {name} lacks the index {trigrams.NAME}: searching part of a phone "
            "number reads all calls.",
            hint=trigrams.REMEDY,
            id="batchcalls.W007",
        )
        for name in databases or ()
        if trigrams.is_missing(connections[name])
    ]
