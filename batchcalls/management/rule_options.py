"""Options of `sendbatch` for the rules of a batch whose campaign has no calling policy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import time
from typing import Any

from django.core.management.base import CommandParser

from batchcalls.drafting.chosen_rules import ChosenRules
from campaigns.models import CallingPolicy, Weekday
from campaigns.retry import RetryPolicy, RetryRule
from campaigns.vocabulary import RetryOutcome

_DAYS = {day.label[:3].lower(): day.value for day in Weekday}
_RETRY = re.compile(r"(?P<outcome>\w+)=(?P<count>\d{1,4})[x×](?P<minutes>\d{1,9})")


def add_options(parser: CommandParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--policy", default="", help="Name of a saved calling policy, if the campaign has none."
    )
    parser.add_argument(
        "--hours",
        default="",
        metavar="09:00-18:00",
        help="Call only between these times of the recipient's day.",
    )
    parser.add_argument(
        "--days",
        default="",
        metavar="mon,tue,…",
        help="Call only on these days, such as mon,wed or mon-fri.",
    )
    parser.add_argument(
        "--retry",
        action="append",
        default=[],
        metavar="OUTCOME=COUNTxMINUTES",
        help="Call again after an outcome: no_answer=2x60 is two retries, each after 60 minutes. "
        f"Outcomes: {', '.join(RetryOutcome)}. Repeatable.",
    )


def rules_of(options: dict[str, Any], policy: CallingPolicy | None) -> ChosenRules:
    """Return the rules that the options choose. Raise ValueError."""
    opens_at, closes_at = _hours(options["hours"])
    return ChosenRules.read(
        policy=policy,
        opens_at=opens_at,
        closes_at=closes_at,
        days=_days(options["days"]),
        retries=RetryPolicy(tuple(_retries(options["retry"]))).rules,
    )


def _hours(given: str) -> tuple[time | None, time | None]:
    if not given:
        return None, None
    begin, _, end = given.partition("-")
    try:
        opens_at, closes_at = (time.fromisoformat(f"{text.strip():0>5}") for text in (begin, end))
    except ValueError:
        raise ValueError(
            f"--hours {given} is not a span of time. Write it like 09:00-18:00."
        ) from None
    return opens_at, closes_at


def _days(given: str) -> Iterator[int]:
    for part in filter(None, given.lower().replace(" ", "").split(",")):
        first, _, last = part.partition("-")
        try:
            begin, end = _DAYS[first], _DAYS[last or first]
        except KeyError:
            raise ValueError(
                f"--days {given} names an unknown day. Use {', '.join(_DAYS)}, or a span such as "
                "mon-fri."
            ) from None
        yield from (day % 7 for day in range(begin, end + (7 if end < begin else 0) + 1))


def _retries(given: Sequence[str]) -> Iterator[RetryRule]:
    for text in given:
        found = _RETRY.fullmatch(text)
        if found is None:
            raise ValueError(
                f"--retry {text} is not a rule. Write it like no_answer=2x60: two retries, each "
                "after 60 minutes."
            )
        outcome, count, minutes = found.group("outcome", "count", "minutes")
        yield RetryRule(outcome, int(count), 60 * int(minutes))  # type: ignore[arg-type]
