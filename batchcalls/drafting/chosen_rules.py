"""Calling hours and retries that are chosen for one batch, because its campaign has no policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any, Self

from batchcalls.models import Batch
from campaigns.calling_hours import CallingHours
from campaigns.models import CallingPolicy, Campaign, Weekday
from campaigns.retry import RetryPolicy, RetryRule

#: The name of rules that no saved policy has.
OWN_NAME = "Hours and retries of this batch"


class RulesError(ValueError):
    """Rules contradict each other. ``problems`` has a message for each wrong field of `read`."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRules:
    """Hours of the day, in the recipient's time zone, and retries by outcome.

    Hours are from ``opens`` to ``closes``, minutes since midnight, on ``days`` (0 is Monday).
    Without ``days``, only the retries are set.
    """

    days: tuple[int, ...] = ()
    opens: int = 0
    closes: int = 24 * 60
    retries: tuple[RetryRule, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the rules as a batch's snapshot stores them."""
        rules: dict[str, Any] = {"name": OWN_NAME, "own": True}
        if self.days:
            span = [(self.opens, self.closes)]
            windows = tuple(tuple(span if day in self.days else ()) for day in range(7))
            rules["calling_hours"] = CallingHours(windows=windows).to_dict()
        if self.retries:
            rules["retry"] = RetryPolicy(rules=self.retries).to_dict()
        return rules

    @classmethod
    def from_dict(cls, rules: Mapping[str, Any], *, default_hours: bool) -> Self:
        """Read the snapshot of a batch; ``default_hours`` tells that its hours are not its own."""
        retries = RetryPolicy.from_dict(rules.get("retry", {})).rules
        hours = rules.get("calling_hours")
        if not hours or default_hours:
            return cls(retries=retries)
        windows = CallingHours.from_dict(hours).windows
        days = tuple(day for day, spans in enumerate(windows) if spans)
        opens, closes = windows[days[0]][0]
        return cls(days=days, opens=opens, closes=closes, retries=retries)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRules:
    """A saved policy or own rules; neither for the rules that hold without a policy."""

    policy: CallingPolicy | None = None
    own: OwnRules | None = None
    #: The snapshot of a policy that was deleted since.
    kept: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        *,
        policy: CallingPolicy | None = None,
        opens_at: time | None = None,
        closes_at: time | None = None,
        days: Iterable[int] = (),
        retries: Iterable[RetryRule] = (),
    ) -> Self:
        """Return what a person or a program chose. Raise `RulesError`.

        Times are the recipient's, and midnight as ``closes_at`` is the end of the day. Without
        ``days`` (0 is Monday), the hours hold on every day; without times, the days are open all
        day.
        """
        problems = {}
        if (opens_at is None) != (closes_at is None):
            problems["closes_at" if closes_at is None else "opens_at"] = "Enter both times."
        elif opens_at and closes_at and time(0) != closes_at <= opens_at:
            problems["closes_at"] = "Enter a time later than the first."
        days, retries = tuple(sorted(set(days))), tuple(retries)
        has_hours = bool(days or opens_at or closes_at)
        if policy and (has_hours or retries):
            problems["policy"] = (
                "Choose a saved policy, or enter hours and retries for this batch, not both."
            )
        if problems:
            raise RulesError(problems)
        if not (has_hours or retries):
            return cls(policy=policy)
        own = OwnRules(
            days=(days or tuple(Weekday.values)) if has_hours else (),
            opens=_minutes(opens_at) if opens_at else 0,
            closes=(_minutes(closes_at) if closes_at else 0) or 24 * 60,
            retries=retries,
        )
        return cls(own=own)

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """Return what was chosen for a batch, as the policy is today."""
        if batch.campaign and batch.campaign.policy_id:
            return cls()
        rules = batch.policy
        if rules.get("own"):
            default = bool(rules.get("default_hours"))
            return cls(own=OwnRules.from_dict(rules, default_hours=default))
        if (policy_id := rules.get("id")) is None:
            return cls()
        policy = CallingPolicy.objects.filter(pk=policy_id).first()
        return cls(policy=policy, kept={} if policy else rules)

    def why_not_with(self, campaign: Campaign | None) -> str:
        """Return why the rules cannot be those of a batch with a campaign; blank if they can."""
        theirs = campaign.policy if campaign else None
        if theirs is None or not (self.own or self.policy not in (None, theirs)):
            return ""
        return (
            f"The campaign “{campaign}” has the calling policy “{theirs}”, which applies to this "
            "batch. Leave the rules blank, or start without the campaign."
        )

    def without_policy(self) -> dict[str, Any]:
        """Return the rules where no saved policy holds."""
        return self.own.to_dict() if self.own else dict(self.kept)


def _minutes(moment: time) -> int:
    return 60 * moment.hour + moment.minute
