"""The request bodies of a batch, in each form that clients send.

First generation: ``base_prompt`` and ``call_data``, whose members are variables. Second generation:
``global`` and ``call_objects``, each like a Send Call. Public code also sends ``calls``, with a
prompt in each. Every endpoint accepts every form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batchcalls.access.json_lists import JsonList
from batchcalls.blandapi import parameters
from batchcalls.blandapi.errors import Refused, invalid
from batchcalls.blandapi.parameters import Parameters
from batchcalls.calling.call_requests import RENDERED
from batchcalls.drafting.recipient_objects import CONSENT_MEMBERS
from batchcalls.models.batch import UNTITLED
from campaigns import call_settings, prompts
from campaigns.call_settings import REGISTRY, SettingInvalid

#: The members that hold the calls, in order of precedence.
LISTS = ("call_data", "call_objects", "calls")
#: The members that hold parameters of all calls. The later one counts.
SHARED = ("call_params", "global")
ENVELOPE = frozenset(
    {
        *LISTS,
        *(
            "base_prompt",
            "prompt",
            "global",
            "call_params",
            "label",
            "description",
            "campaign_id",
            "test_mode",
        ),
        *("batch_webhook", "status_webhook", "max_concurrent", "batch_id", "encrypted_key"),
    }
)
LONGEST_NAME, LONGEST_CAMPAIGN = 200, 200
MOST_CONCURRENT = 1_000_000
_OBJECTS = ("request_data", "metadata")


@dataclass(slots=True, kw_only=True)
class BatchOrder:
    """A requested batch. ``recipients`` are objects for `recipient_objects.create`."""

    name: str = UNTITLED
    shared: Parameters
    recipients: Sequence[dict[str, Any]]
    campaign: str = ""
    batch_webhook: str = ""
    status_webhook: str = ""
    concurrency: int | None = None
    test_mode: bool = False
    calls_given: int = 0
    warnings: list[str] = field(default_factory=list)


def read(body: Mapping[str, Any]) -> BatchOrder:
    """Parse a body. Raise `Refused` for a body in none of the forms."""
    kind, entries = _entries(body)
    test_mode = _boolean(body, "test_mode")
    shared = parameters.read(_shared(body))
    order = BatchOrder(
        name=parameters.label(
            body.get("label") or body.get("description"), name="label", at_most=LONGEST_NAME
        )
        or UNTITLED,
        shared=shared,
        recipients=(),
        campaign=parameters.label(
            body.get("campaign_id"), name="campaign_id", at_most=LONGEST_CAMPAIGN
        ),
        batch_webhook=_address(body, "batch_webhook"),
        status_webhook=_address(body, "status_webhook"),
        concurrency=_concurrency(body),
        test_mode=test_mode,
        calls_given=len(entries),
    )
    used = _shared_variables(shared)
    read_entry = _from_data if kind == "call_data" else _from_call
    warnings = Counter(shared.warnings)
    order.recipients = JsonList.of(
        read_entry(entry, shared, used, warnings)
        for entry in (entries[:1] if test_mode else entries)
    )
    _set_conversation(order)
    order.warnings = _with_counts(warnings)
    return order


def _entries(body: Mapping[str, Any]) -> tuple[str, Sequence[dict[str, Any]]]:
    """Return the calls of a body. Raise `Refused` unless each has a number."""
    given = [name for name in LISTS if body.get(name)]
    if len(given) > 1:
        raise invalid(f"Send {' or '.join(given)}, not both.")
    if not given:
        raise invalid("Missing required parameter: call_data (or call_objects).")
    entries = body[given[0]]
    if not isinstance(entries, list | JsonList):
        raise invalid(f"{given[0]} must be an array of objects.")
    wrong = []
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            wrong.append(f"Entry #{number} is not an object.")
        elif entry.get("phone_number") in (None, ""):
            wrong.append(f"Entry #{number} did not have a phone number.")
    if wrong:
        raise Refused(
            400,
            "SOURCE_INVALID",
            wrong[0] if len(wrong) == 1 else f"{wrong[0]} {len(wrong) - 1:,} more are like it.",
            errors=[("SOURCE_INVALID", one) for one in wrong],
        )
    return given[0], entries


def _shared(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that apply to all calls, wherever the body has them."""
    own: dict[str, Any] = {}
    for member in SHARED:
        found = body.get(member)
        if found is not None and not isinstance(found, dict):
            raise invalid(f"{member} must be an object.")
        if found and "phone_number" in found:
            raise invalid(f"{member} must not contain phone_number: each call has its own.")
        own |= found or {}
    beside = {
        name: value
        for name, value in body.items()
        # Generated clients send a number and a prompt next to the list of calls.
        if name not in ENVELOPE and name != "phone_number"
    }
    if said := body.get("base_prompt") or body.get("prompt"):
        beside["task"] = said
    return {**beside, **own}


def _shared_variables(shared: Parameters) -> frozenset[str]:
    """Return the variables in the texts that all calls share. Raise `Refused` for a bad text."""
    said = {name: value for name, value in shared.settings.items() if name in RENDERED}
    try:
        return prompts.names_in({"prompt": shared.task, **said}).names
    except prompts.PromptError as error:
        raise invalid(str(error)) from error


def _from_data(
    entry: dict[str, Any], shared: Parameters, used: frozenset[str], warnings: Counter[str]
) -> dict[str, Any]:
    """Parse an entry of the first generation, whose members are variables.

    Public code also puts call parameters there. A member is a parameter if its name and value are
    valid for one, and no text uses it as a variable.
    """
    variables: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for name, value in _others(entry):
        if name in CONSENT_MEMBERS and name not in used:
            settings[name] = value
        elif name not in used and call_settings.is_call_setting(name) and _fits(name, value):
            settings[name], warning = parameters.modern(name, value)
            warnings.update([warning] if warning else [])
        else:
            variables[name] = value
    return _recipient(entry, shared, variables, settings)


def _from_call(
    entry: dict[str, Any], shared: Parameters, used: frozenset[str], warnings: Counter[str]
) -> dict[str, Any]:
    """Parse an entry of the second generation, whose members are call parameters."""
    variables: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for name, value in _others(entry):
        if name in CONSENT_MEMBERS and name not in used:
            settings[name] = value
        elif call_settings.is_call_setting(name):
            settings[name], warning = parameters.modern(name, value)
            warnings.update([warning] if warning else [])
        elif name in used:
            variables[name] = value
        elif name not in parameters.SILENTLY_IGNORED:
            warnings[parameters.ignored(name)] += 1
    return _recipient(entry, shared, variables, settings)


def _others(entry: dict[str, Any]) -> list[tuple[str, Any]]:
    apart = {"phone_number", *_OBJECTS}
    return [(name, value) for name, value in entry.items() if name not in apart]


def _fits(name: str, value: Any) -> bool:
    value, _ = parameters.modern(name, value)
    return not call_settings.normalize({name: value}, per_row=True).problems


def _recipient(
    entry: dict[str, Any],
    shared: Parameters,
    variables: dict[str, Any],
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Return a recipient. Its own values override the shared ones."""
    own = {name: _object(entry, name) for name in _OBJECTS}
    told = {name: value for name, value in settings.items() if value is not None or _nullable(name)}
    if told.get("pathway_id"):
        told.pop("task", None)
    if "start_time" in told:
        told["start_time"] = _start_time(told, shared)
    return {
        **told,
        "phone_number": entry["phone_number"],
        "request_data": parameters.named(
            {**shared.request_data, **variables, **own["request_data"]}
        ),
        "metadata": parameters.named({**shared.metadata, **own["metadata"]}),
    }


def _start_time(told: dict[str, Any], shared: Parameters) -> Any:
    """Return a start time with its offset. Unlike in lists, one without an offset is in UTC.

    A text that is no time is returned unchanged, and skips its row. Source: Bland API, Send Call;
    its n8n node for a time zone in the request.
    """
    zone = told.get("timezone") or shared.settings.get("timezone")
    try:
        return call_settings.parse_start_time(told["start_time"], timezone=zone).isoformat()
    except SettingInvalid:
        return told["start_time"]


def _object(entry: dict[str, Any], name: str) -> dict[str, Any]:
    value = entry.get(name)
    if value in (None, ""):
        return {}
    try:
        parsed: dict[str, Any] = REGISTRY[name].parse(value)
    except SettingInvalid as error:
        raise invalid(str(error)) from error
    return parsed


def _nullable(name: str) -> bool:
    setting = call_settings.get(name)
    return setting is not None and setting.nullable


def _set_conversation(order: BatchOrder) -> None:
    """Give the batch a prompt or pathway. Raise `Refused` if calls would have neither.

    If each call has its own, the batch gets the most common one.
    """
    shared = order.shared
    if shared.task or shared.pathway_id:
        return
    silent = [
        number
        for number, one in enumerate(order.recipients, start=1)
        if not (one.get("task") or one.get("pathway_id"))
    ]
    if len(silent) == len(order.recipients):
        raise invalid("Missing required parameter: base_prompt (or task, or pathway_id).")
    if silent:
        raise invalid(*(f"Entry #{number} has no task or pathway_id." for number in silent))
    said = Counter(
        (str(one.get("task", "")), str(one.get("pathway_id", "")), one.get("pathway_version"))
        for one in order.recipients
    )
    (task, pathway_id, version), _ = said.most_common(1)[0]
    chosen = parameters.read(
        {"task": task, "pathway_id": pathway_id, "pathway_version": version if pathway_id else None}
    )
    shared.task, shared.pathway_id = chosen.task, chosen.pathway_id
    shared.pathway_version = chosen.pathway_version

    def said_apart(one: dict[str, Any]) -> dict[str, Any]:
        mine = (str(one.get("task", "")), str(one.get("pathway_id", "")))
        if (*mine, one.get("pathway_version")) != (task, pathway_id, version):
            return one
        of_all = {"task", "pathway_id", "pathway_version"}
        return {name: value for name, value in one.items() if name not in of_all}

    order.recipients = JsonList.of(map(said_apart, order.recipients))


def _boolean(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if value in (None, ""):
        return False
    words = {"true": True, "false": False}
    parsed = words.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(parsed, bool):
        raise invalid(f"{name} must be true or false.")
    return parsed


def _address(body: Mapping[str, Any], name: str) -> str:
    """Return a URL for events of the batch. Raise `Refused` for an invalid URL."""
    value = body.get(name)
    if value in (None, ""):
        return ""
    try:
        parsed: str = REGISTRY["webhook"].parse(value)
    except SettingInvalid as error:
        raise invalid(f"{name}: {error.remedy}.") from error
    return parsed


def _concurrency(body: Mapping[str, Any]) -> int | None:
    value = body.get("max_concurrent")
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_CONCURRENT:
        raise invalid("max_concurrent must be a whole number, 1 at least.")
    return value


def _with_counts(warnings: Counter[str]) -> list[str]:
    """Return each warning once, with the number of its occurrences if there are several."""
    return [one if count == 1 else f"{one} ({count:,} times)" for one, count in warnings.items()]
