"""Calling hours and retries that are chosen for one batch, because its campaign has no policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from batchcalls.models import Batch
from campaigns.calling_hours import CallingHours
from campaigns.models import CallingPolicy
from campaigns.retry import RetryPolicy, RetryRule

#: The name of rules that no saved policy has.
OWN_NAME = "Hours and retries of this batch"


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

    def without_policy(self) -> dict[str, Any]:
        """Return the rules where no saved policy holds."""
        return self.own.to_dict() if self.own else dict(self.kept)
