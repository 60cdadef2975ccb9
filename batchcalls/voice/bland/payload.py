"""Turn a `CallRequest` into the body of Send Call.

Source: Bland API, ``POST /v1/calls``. Call settings have the provider's own names.
"""

from __future__ import annotations

from typing import Any

from batchcalls.voice.base import CallRequest
from batchcalls.voice.handled_here import HANDLED_HERE
from campaigns.call_settings import REGISTRY

#: The metadata key of our id; metadata comes back with every call, answered or not.
CORRELATION_KEY = "batchcalls_correlation_id"
#: The metadata key of the batch, which identifies the recipient of a call that we forgot.
BATCH_KEY = "batchcalls_batch_id"

#: Settings that the body has elsewhere: fields of the request, rendered or decided for this call,
#: and the tools that are defined in full, which the provider takes beside the IDs of others.
_FIELDS = frozenset(
    {name for name, setting in REGISTRY.items() if setting.structural} | {"from", "custom_tools"}
)
#: Settings that are sent unchanged.
PASSED_ON = tuple(name for name in REGISTRY if name not in HANDLED_HERE and name not in _FIELDS)


def send_call(request: CallRequest, *, webhook_url: str) -> dict[str, Any]:
    """Return the body of Send Call; with a blank ``webhook_url``, request no webhooks."""
    settings = request.settings
    body: dict[str, Any] = {name: settings[name] for name in PASSED_ON if name in settings}
    if defined := settings.get("custom_tools"):
        body["tools"] = [*settings.get("tools", []), *defined]
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
