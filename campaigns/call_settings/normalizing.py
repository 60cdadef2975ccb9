"""Turn raw settings, from JSON or the cells of a row, into canonical settings and problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from campaigns.call_settings.legacy import ALIASES
from campaigns.call_settings.registry import REGISTRY, all_names
from campaigns.call_settings.shapes import decode
from campaigns.call_settings.times import SettingUnclear, StartReading
from campaigns.call_settings.types import SettingInvalid, is_blank, shorten
from campaigns.prompts import NO_VALUE

INVALID = "invalid_call_setting"
UNKNOWN = "unknown_call_setting"

#: So many unknown names are compared with all settings, to tell which was meant.
MOST_SUGGESTIONS = 10

_ABSENT = object()

#: Cells of a list that give no setting. “None” may be one of the values of a setting.
_PLACEHOLDERS = NO_VALUE - {"None"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingProblem:
    """Why a setting cannot be used: the name the caller used, a stable code, one sentence."""

    name: str
    code: str
    message: str


@dataclass(slots=True, kw_only=True)
class Normalized:
    """Canonical settings in registry order, and every problem found in the raw ones."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[SettingProblem] = field(default_factory=list)
    #: The `ZoneSource` of a start time that was written without an offset.
    start_zone: str = ""

    def add_problem(self, name: str, message: str, *, code: str = INVALID) -> None:
        """Add a problem under the name the caller used."""
        self.problems.append(SettingProblem(name=name, code=code, message=message))


def normalize(
    raw: Mapping[str, Any],
    *,
    per_row: bool = False,
    timezone: str | None = None,
    start: StartReading | None = None,
) -> Normalized:
    """Return the canonical settings of ``raw`` and its problems; never raise for bad values.

    Blank text, null and empty objects mean "not set" and are left out. ``per_row`` refuses settings
    that cannot differ between recipients. ``start`` says how a start time is read. Without it,
    ``timezone`` applies to one without an offset when ``raw`` itself names no zone.

    1. Sort the names into settings, older names and unknown names.
    2. Expand the older names into (members of) the settings that replaced them.
    3. Parse each setting. A canonical name wins over an older one. If they contradict each
       other, report a problem, since one of them would be dropped silently.
    4. Check rules that involve several settings.

    The values include every setting that is valid on its own, even when problems are reported.
    """
    result = Normalized()
    if not raw:
        return result
    given = dict(_given(raw, result, per_row=per_row))
    if not given:
        return result
    expanded = _expand(given, result)
    for name, setting in REGISTRY.items():
        direct, aliases = given.get(name, _ABSENT), expanded.get(name, {})
        if direct is _ABSENT and not aliases:
            continue
        source = next(iter(aliases)) if direct is _ABSENT else name
        value = _combine(direct, aliases)
        try:
            if name == "start_time":
                reading = start or StartReading(timezone=timezone)
                at, result.start_zone = reading.read(value, own_zone=result.values.get("timezone"))
                result.values[name] = at.isoformat()
            else:
                result.values[name] = setting.parse(value)
        except SettingUnclear as complaint:
            result.add_problem(source, str(complaint), code=complaint.code)
            continue
        except SettingInvalid as complaint:
            result.add_problem(source, str(complaint))
            continue
        for alias, meaning in aliases.items():
            if not _agrees(result.values[name], meaning, partial=ALIASES[alias].partial):
                result.add_problem(alias, f"{alias} contradicts {source}: give only one of them.")
    _check_together(result)
    return result


def normalize_shared(raw: Mapping[str, Any]) -> Normalized:
    """Return the settings that all calls of a campaign or batch share, and their problems.

    Structural settings (prompt, pathway, number, variables) are a problem: they are stored
    elsewhere, and here they would be overlooked.
    """
    result = normalize(raw)
    for name in [name for name in result.values if REGISTRY[name].structural]:
        del result.values[name]
        result.add_problem(name, f"{name} has a field of its own: give it there.")
    return result


def patch_shared(stored: Mapping[str, Any], changes: Mapping[str, Any]) -> Normalized:
    """Return the settings that all calls share after changes to the stored ones (RFC 7396).

    Objects are merged, null removes a setting or a member of one, and other values are replaced.
    Older names change the setting that they mean, but cannot remove it.
    """
    noted = Normalized()
    given = dict(_given(changes, noted, per_row=False))
    for name in changes:
        if name in ALIASES and changes[name] is None:
            current = ALIASES[name].target
            noted.add_problem(name, f"{name} is an older name: send null for {current} instead.")
    merged = dict(stored)
    older = _expand({name: given[name] for name in given if name in ALIASES}, noted)
    for target, meanings in older.items():
        is_partial = any(ALIASES[alias].partial for alias in meanings)
        value = _combine(_ABSENT, meanings)
        merged[target] = _merged(stored.get(target), value) if is_partial else value
    known = {name: value for name, value in changes.items() if name in REGISTRY}
    result = normalize_shared(_merged(merged, known))
    result.problems = noted.problems + result.problems
    for target, meanings in older.items():
        for alias, meaning in meanings.items():
            value = result.values.get(target, {})
            if target in known and not _agrees(value, meaning, partial=ALIASES[alias].partial):
                message = f"{alias} contradicts {target}: give only one of them."
                result.add_problem(alias, message)
    return result


def _merged(target: Any, patch: Any) -> Any:
    """Return a value changed by a JSON Merge Patch (RFC 7396, section 2)."""
    if not isinstance(patch, Mapping):
        return patch
    found = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = _merged(found.get(name), value)
    return found


def _given(
    raw: Mapping[str, Any], result: Normalized, *, per_row: bool
) -> Iterator[tuple[str, Any]]:
    for name, value in raw.items():
        setting = REGISTRY.get(ALIASES[name].target if name in ALIASES else name)
        if setting is None:
            suggests = len(result.problems) < MOST_SUGGESTIONS
            result.add_problem(name, _unknown(name, suggests=suggests), code=UNKNOWN)
        elif (per_row and _is_placeholder(value)) or (
            is_blank(value) and not (value is None and setting.nullable)
        ):
            continue
        elif per_row and not setting.per_row:
            message = f"{name} is not a call setting of one row: give it a column of its own."
            result.add_problem(name, message)
        else:
            yield name, value


def _is_placeholder(cell: Any) -> bool:
    return isinstance(cell, str) and cell.strip() in _PLACEHOLDERS


def _unknown(name: str, *, suggests: bool) -> str:
    likely = get_close_matches(name[:100], all_names(), n=1) if suggests else []
    remedy = f"did you mean {likely[0]}?" if likely else "leave it out or make it request data."
    return f"{shorten(name)} is not a call setting: {remedy}"


def _expand(given: Mapping[str, Any], result: Normalized) -> dict[str, dict[str, Any]]:
    """Return the meanings of the aliases in use, by target and then by alias."""
    expanded: dict[str, dict[str, Any]] = {}
    if given.keys().isdisjoint(ALIASES):  # as in most rows
        return expanded
    for name, alias in ALIASES.items():
        if name not in given:
            continue
        try:
            meaning = alias.expand(given[name])
        except SettingInvalid as complaint:
            result.add_problem(name, str(complaint))
            continue
        if meaning is not None and alias.overruled_by not in given:
            expanded.setdefault(alias.target, {})[name] = meaning
    return expanded


def _combine(direct: Any, aliases: Mapping[str, Any]) -> Any:
    """Return one raw value; the canonical name wins, then the first alias."""
    if not any(ALIASES[alias].partial for alias in aliases):
        return next(iter(aliases.values())) if direct is _ABSENT else direct
    members: dict[str, Any] = {}
    for meaning in aliases.values():
        members = meaning | members
    if direct is _ABSENT:
        return members
    try:
        explicit = decode(direct)
    except ValueError:
        explicit = None
    if not isinstance(explicit, dict):
        return direct
    return members | {name: value for name, value in explicit.items() if not is_blank(value)}


def _agrees(value: Any, meaning: Any, *, partial: bool) -> bool:
    if partial:
        return all(value.get(member) == item for member, item in meaning.items())
    return bool(value == meaning)


def _check_together(result: Normalized) -> None:
    values = result.values
    if "post_call_evals" in values and not values.setdefault("record", True):
        result.add_problem(
            "record", "record is false, but post_call_evals needs the recording: drop one of them."
        )
    other = next((name for name in ("pathway_id", "persona_id") if name in values), None)
    if "agent_id" in values and other:
        result.add_problem("agent_id", f"agent_id cannot go with {other}: give only one of them.")
