"""The call settings that this program sees to itself, whatever the provider can do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Settings that are not sent to providers, and why.
HANDLED_HERE: Mapping[str, str] = MappingProxyType(
    {
        "start_time": "The call is placed at that time; the provider would hold it back again.",
        "retry": "Every further call is an attempt of ours, with its own checks and result.",
        "dispatch_hours": "The hours were checked before the call was placed.",
        "webhook": "We report the call there ourselves; the provider reports to us.",
    }
)
