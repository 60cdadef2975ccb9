"""Decide whether a recipient is called again after an outcome, and after how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from campaigns.vocabulary import RetryOutcome

MAX_RETRIES: Final = 20
MAX_WAIT_SECONDS: Final = 30 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How many retries one outcome allows at most, and the seconds to wait before each.

    Raises ValueError unless 0 <= max_retries <= 20 and 0 <= wait_seconds <= 30 days.
    """

    outcome: RetryOutcome
    max_retries: int
    wait_seconds: int

    def __post_init__(self) -> None:
        """Refuse an unknown outcome and numbers out of range."""
        if self.outcome not in RetryOutcome.values:
            known = ", ".join(RetryOutcome.values)
            raise ValueError(
                f"{self.outcome!r:.40} is no outcome to retry after; use one of {known}."
            )
        object.__setattr__(self, "outcome", RetryOutcome(self.outcome))
        for name, limit in (("max_retries", MAX_RETRIES), ("wait_seconds", MAX_WAIT_SECONDS)):
            number = getattr(self, name)
            if type(number) is not int or not 0 <= number <= limit:
                raise ValueError(
                    f"{name} after {self.outcome.value} must be a whole number "
                    f"from 0 to {limit}, not {number!r:.40}."
                )


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """One rule for each retried outcome; no rule means no retry.

    Raises ValueError when an outcome has two rules.
    """

    rules: tuple[RetryRule, ...] = ()

    def __post_init__(self) -> None:
        """Refuse two rules for one outcome, because choosing one would be a guess."""
        outcomes = [rule.outcome.value for rule in self.rules]
        if twice := sorted({outcome for outcome in outcomes if outcomes.count(outcome) > 1}):
            raise ValueError(f"{twice[0]} has more than one retry rule; keep one.")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the output of `to_dict`, or {} for no rules; raises ValueError for anything else."""
        rules = data.get("rules", []) if isinstance(data, Mapping) else None
        if not isinstance(rules, list | tuple) or not data.keys() <= {"rules"}:
            raise ValueError('A retry policy is written as {"rules": […]} with a list of rules.')
        return cls(rules=tuple(_rule(rule) for rule in rules))

    def to_dict(self) -> dict[str, Any]:
        """Return the policy as JSON-like data, as a batch's snapshot stores it."""
        return {
            "rules": [
                {
                    "outcome": rule.outcome.value,
                    "max_retries": rule.max_retries,
                    "wait_seconds": rule.wait_seconds,
                }
                for rule in self.rules
            ]
        }

    @property
    def max_attempts(self) -> int:
        """Return the number of calls to one recipient if every retry is used."""
        return 1 + sum(rule.max_retries for rule in self.rules)

    def next_attempt(self, outcome: str, attempts_by_outcome: Mapping[str, int]) -> int | None:
        """Return the seconds to wait before the next attempt, or None for no more attempts.

        1. An outcome without a rule (answered, canceled, unknown …) is not retried.
        2. ``attempts_by_outcome`` counts the recipient's attempts so far, including the latest, by
           outcome. Each rule grants its retries independently of the others.

        Raises ValueError when the counts leave out the latest attempt.
        """
        rule = next((rule for rule in self.rules if rule.outcome == outcome), None)
        if rule is None:
            return None
        ended_so = attempts_by_outcome.get(rule.outcome, 0)
        if ended_so < 1:
            raise ValueError(f"The attempts by outcome must count the latest one, {outcome}.")
        return rule.wait_seconds if ended_so <= rule.max_retries else None


def _rule(data: Any) -> RetryRule:
    """Read one rule; raises ValueError for missing and for unknown keys."""
    if not isinstance(data, Mapping) or data.keys() != {"outcome", "max_retries", "wait_seconds"}:
        raise ValueError("A retry rule has exactly outcome, max_retries and wait_seconds.")
    return RetryRule(
        outcome=data["outcome"],
        max_retries=data["max_retries"],
        wait_seconds=data["wait_seconds"],
    )
