"""The request bodies of a batch, in each form that clients send.

First generation: ``base_prompt`` and ``call_data``, whose members are variables. Second generation:
``global`` and ``call_objects``, each like a Send Call. Public code also sends ``calls``, with a
prompt in each. Every endpoint accepts every form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from batchcalls.access.json_lists import JsonList
from batchcalls.blandapi import batch_entries, parameters
from batchcalls.blandapi.errors import Refused, invalid
from batchcalls.blandapi.parameters import Parameters
from batchcalls.calling.call_requests import RENDERED
from batchcalls.models.batch import UNTITLED
from campaigns import prompts
from campaigns.call_settings import REGISTRY, SettingInvalid
from campaigns.conversations import Conversation

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
OTHERWISE = "or pathway_id, persona_id, or agent_id"


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
    # Programs that send ``calls`` mix parameters and variables.
    read_entry = (
        batch_entries.from_data
        if kind == "call_data"
        else partial(batch_entries.from_call, mixes=kind == "calls")
    )
    warnings = Counter(shared.warnings)

    def recipients() -> Iterator[dict[str, Any]]:
        for number, entry in enumerate(entries[:1] if test_mode else entries, start=1):
            try:
                yield read_entry(entry, shared, used, warnings)
            except Refused as error:
                raise invalid(*(f"Entry #{number}: {text}" for _, text in error.errors)) from error

    order.recipients = JsonList.of(recipients())
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
        return prompts.names_in({"prompt": shared.conversation.prompt, **said}).names
    except prompts.PromptError as error:
        raise invalid(str(error)) from error


def _set_conversation(order: BatchOrder) -> None:
    """Give the batch what leads its calls. Raise `Refused` if nothing would lead some of them.

    If each call has a conversation of its own, the batch gets the most common one, unless it would
    add to what others say: a persona goes with a prompt.
    """
    shared = order.shared
    if shared.conversation.is_led:
        return
    own: Counter[Conversation] = Counter()
    silent = []
    for number, one in enumerate(order.recipients, start=1):
        said = Conversation.of(one)
        own[said] += 1
        if not said.is_led:
            silent.append(number)
    if len(silent) == len(order.recipients):
        raise invalid(f"Missing required parameter: base_prompt ({OTHERWISE}).")
    if silent:
        raise invalid(*(f"Entry #{number} has no task ({OTHERWISE})." for number in silent))
    [(common, _)] = own.most_common(1)
    if any(common.for_row(said.settings) != said for said in own):
        return
    shared.conversation = parameters.read(common.settings).conversation
    of_all = common.settings
    order.recipients = JsonList.of(
        {name: value for name, value in one.items() if name not in of_all}
        if Conversation.of(one) == common
        else one
        for one in order.recipients
    )


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
