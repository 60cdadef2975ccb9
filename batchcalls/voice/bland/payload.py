"""Turn a `CallRequest` into the body of Send Call.

Source: Bland API, ``POST /v1/calls``. Call settings have the provider's own names.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from batchcalls.voice.base import CallRequest
from campaigns.call_settings import REGISTRY

#: The metadata key of our id; metadata comes back with every call, answered or not.
CORRELATION_KEY = "batchcalls_correlation_id"
#: The metadata key of the batch, which identifies the recipient of a call that we forgot.
BATCH_KEY = "batchcalls_batch_id"

#: Settings that are not sent to the provider, and why.
WITHHELD: Mapping[str, str] = MappingProxyType(
    {
        "start_time": "The call is placed at that time; the provider would hold it back again.",
        "retry": "Every further call is an attempt of ours, with its own checks and result.",
        "dispatch_hours": "The hours were checked before the call was placed.",
        "webhook": "We report the call there ourselves; the provider reports to us.",
    }
)
#: Settings that come from fields of the request, rendered or decided for this call.
_FIELDS = frozenset({name for name, setting in REGISTRY.items() if setting.structural} | {"from"})
#: Settings that are sent unchanged.
PASSED_ON = tuple(name for name in REGISTRY if name not in WITHHELD and name not in _FIELDS)


def send_call(request: CallRequest, *, webhook_url: str) -> dict[str, Any]:
    """Return the body of Send Call; with a blank ``webhook_url``, request no webhooks."""
    settings = request.settings
    body: dict[str, Any] = {name: settings[name] for name in PASSED_ON if name in settings}
    body["phone_number"] = request.to
    if request.pathway_id:
        body["pathway_id"] = request.pathway_id
        if request.pathway_version:
            body["pathway_version"] = _version(request.pathway_version)
    elif request.prompt:
        body["task"] = request.prompt
    if caller_id := request.from_number or settings.get("from"):
        body["from"] = caller_id
    if webhook_url:
        body["webhook"] = webhook_url
    body["request_data"] = dict(request.variables)
    body["metadata"] = {**request.metadata, CORRELATION_KEY: str(request.correlation_id)}
    if request.batch_id:
        body["metadata"][BATCH_KEY] = str(request.batch_id)
    return body


def _version(given: str) -> int | str:
    """Return a numbered version as a number, as documented, and a named version unchanged."""
    return int(given) if given.isascii() and given.isdigit() else given
