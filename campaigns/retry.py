"""Decide whether a recipient is called again after an outcome, and after how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, Self

from campaigns.vocabulary import RetryOutcome

MAX_RETRIES: Final = 20
MAX_WAIT_SECONDS: Final = 30 * 24 * 60 * 60
_KEYS: Final = frozenset({"rules", "max_total", "another_hour"})
_RULE_KEYS: Final = frozenset({"outcome", "max_retries", "wait_seconds"})


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How many retries one outcome allows at most, and the seconds to wait before each.

    ``waits`` are those before the first retries; later ones wait ``wait_seconds``. Raises
    ValueError unless 0 <= max_retries <= 20, each wait is from 0 to 30 days, and there are no more
    waits than retries.
    """

    outcome: RetryOutcome
    max_retries: int
    wait_seconds: int
    waits: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an unknown outcome and numbers out of range."""
        if self.outcome not in RetryOutcome.values:
            known = ", ".join(RetryOutcome.values)
            raise ValueError(
                f"{self.outcome!r:.40} is not an outcome to retry after. Use one of {known}."
            )
        object.__setattr__(self, "outcome", RetryOutcome(self.outcome))
        if not isinstance(self.waits, list | tuple):
            raise ValueError(f"waits after {self.outcome.value} must be a list of seconds.")
        object.__setattr__(self, "waits", tuple(self.waits))
        for name, limit, number in (
            ("max_retries", MAX_RETRIES, self.max_retries),
            ("wait_seconds", MAX_WAIT_SECONDS, self.wait_seconds),
            *(("waits", MAX_WAIT_SECONDS, wait) for wait in self.waits),
        ):
            if type(number) is not int or not 0 <= number <= limit:
                raise ValueError(
                    f"{name} after {self.outcome.value} must be a whole number "
                    f"from 0 to {limit}, not {number!r:.40}."
                )
        if len(self.waits) > self.max_retries:
            raise ValueError(
                f"waits after {self.outcome.value} must be no more than its {self.max_retries} "
                "retries."
            )

    @property
    def all_waits(self) -> tuple[int, ...]:
        """The seconds to wait before each retry."""
        return self.waits + (self.wait_seconds,) * (self.max_retries - len(self.waits))

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as JSON-like data; ``waits`` only if there are any."""
        return {
            "outcome": self.outcome.value,
            "max_retries": self.max_retries,
            "wait_seconds": self.wait_seconds,
            **({"waits": list(self.waits)} if self.waits else {}),
        }


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """One rule for each retried outcome; no rule means no retry.

    ``max_total``: the most retries of one recipient over all outcomes; None for no such limit.
    ``another_hour``: no retry begins in an hour of the day in which the recipient was called.
    Raises ValueError when an outcome has two rules, and for a total below 0.
    """

    rules: tuple[RetryRule, ...] = ()
    max_total: int | None = None
    another_hour: bool = False

    def __post_init__(self) -> None:
        """Refuse two rules for one outcome, because choosing one would be a guess."""
        if self.max_total is not None and (type(self.max_total) is not int or self.max_total < 0):
            raise ValueError(
                f"max_total must be a whole number from 0, not {self.max_total!r:.40}."
            )
        outcomes = [rule.outcome.value for rule in self.rules]
        if twice := sorted({outcome for outcome in outcomes if outcomes.count(outcome) > 1}):
            raise ValueError(f"{twice[0]} has more than one retry rule; keep one.")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the output of `to_dict`, or {} for no rules; raises ValueError for anything else."""
        rules = data.get("rules", []) if isinstance(data, Mapping) else None
        if not isinstance(rules, list | tuple) or not data.keys() <= _KEYS:
            raise ValueError('A retry policy is written as {"rules": […]} with a list of rules.')
        return cls(
            rules=tuple(_rule(rule) for rule in rules),
            max_total=data.get("max_total"),
            another_hour=bool(data.get("another_hour")),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the policy as JSON-like data, as a batch's snapshot stores it."""
        return {
            "rules": [rule.to_dict() for rule in self.rules],
            **({} if self.max_total is None else {"max_total": self.max_total}),
            **({"another_hour": True} if self.another_hour else {}),
        }

    @property
    def max_attempts(self) -> int:
        """Return the number of calls to one recipient if every retry is used."""
        retries = sum(rule.max_retries for rule in self.rules)
        return 1 + (retries if self.max_total is None else min(retries, self.max_total))

    @property
    def longest_wait_seconds(self) -> int:
        """The most seconds that one recipient waits for all retries together."""
        # longest[n] is the longest wait for n retries of the rules so far.
        longest = [0] * self.max_attempts
        for rule in self.rules:
            sums = (0, *accumulate(rule.all_waits))
            longest = [
                max(longest[n - k] + sums[k] for k in range(min(n, rule.max_retries) + 1))
                for n in range(self.max_attempts)
            ]
        return max(longest)

    def is_used_up(self, attempts_by_outcome: Mapping[str, int]) -> bool:
        """Return whether the total over outcomes allows no more retries."""
        # The first attempt is no retry.
        return self.max_total is not None and sum(attempts_by_outcome.values()) > self.max_total

    def next_attempt(self, outcome: str, attempts_by_outcome: Mapping[str, int]) -> int | None:
        """Return the seconds to wait before the next attempt, or None for no more attempts.

        1. An outcome without a rule (answered, canceled, unknown …) is not retried.
        2. ``attempts_by_outcome`` counts the recipient's attempts so far, including the latest, by
           outcome. Each rule grants its retries independently of the others.

        Raises ValueError when the counts leave out the latest attempt.
        """
        rule = next((rule for rule in self.rules if rule.outcome == outcome), None)
        if rule is None or self.is_used_up(attempts_by_outcome):
            return None
        ended_so = attempts_by_outcome.get(rule.outcome, 0)
        if ended_so < 1:
            raise ValueError(f"The attempts by outcome must count the latest one, {outcome}.")
        return rule.all_waits[ended_so - 1] if ended_so <= rule.max_retries else None


def _rule(data: Any) -> RetryRule:
    """Read one rule; raises ValueError for missing and for unknown keys."""
    if not isinstance(data, Mapping) or data.keys() - {"waits"} != _RULE_KEYS:
        raise ValueError(
            "A retry rule has exactly outcome, max_retries and wait_seconds; waits are optional."
        )
    return RetryRule(
        outcome=data["outcome"],
        max_retries=data["max_retries"],
        wait_seconds=data["wait_seconds"],
        waits=data.get("waits", ()),
    )
