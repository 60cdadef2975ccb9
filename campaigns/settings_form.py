"""A form of the call settings: one field for each registry entry, grouped in its sections.

A field accepts what a CSV cell accepts, so every setting can have one, and the setting's own
parser reports errors. A stored value is shown as text that parses back to the same value.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.forms.boundfield import BoundField

from campaigns import call_settings
from campaigns.call_settings.describing import type_in_words
from campaigns.call_settings.options import VOICEMAIL_ACTIONS
from campaigns.call_settings.sensitivity import SENSITIVITY, Sensitivity
from campaigns.call_settings.shapes import decode
from campaigns.call_settings.types import CallSetting, Kind, Section
from campaigns.setting_locks import Locks
from campaigns.setting_permissions import refusal_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

NULL = "null"
_LONG = frozenset({"first_sentence", "summary_prompt"})
_INPUT_TYPES = {Kind.URL: "url", Kind.PHONE: "tel"}
_HINTS = {
    Kind.LIST: "Separate items with commas, or write a JSON array.",
    Kind.OBJECT: "Write it as JSON.",
}
#: Kinds whose widget does not show which values it accepts.
_TYPED = {Kind.INTEGER, Kind.DECIMAL, Kind.LIST, Kind.OBJECT}
_VOICEMAIL_PARTS = ("action", "message", "more")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSection:
    """Fields under one heading; ``set_count`` is the number of its settings that have a value."""

    name: str
    label: str
    fields: list[BoundField]
    set_count: int
    has_errors: bool


class CallSettingsForm(forms.Form):
    """Call settings that all calls of a campaign or batch share.

    ``initial`` holds the stored settings. Structural settings and those in ``leave_out`` have no
    field. Legacy settings have one only while they are set. Fields that ``user`` may not set are
    locked. After ``is_valid()``, ``values()`` returns canonical settings.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        initial: Mapping[str, Any] | None = None,
        prefix: str = "setting",
        leave_out: Collection[str] = (),
        user: User | AnonymousUser | None = None,
    ) -> None:
        self.stored = dict(initial or {})
        super().__init__(data, prefix=prefix)
        self._settings = [
            setting
            for setting in call_settings.REGISTRY.values()
            if not setting.structural
            and setting.name not in leave_out
            and (not setting.legacy or setting.name in self.stored)
        ]
        self._left_out = {name: self.stored[name] for name in leave_out if name in self.stored}
        for setting in self._settings:
            for name, field in _fields_of(setting, self.stored):
                self.fields[name] = field
        self._locks = Locks(self)
        for setting in self._settings:
            for classes, fields in _lockable(setting):
                self._locks.lock(fields, refusal_of(user, setting.name, classes))

    @property
    def time_zones(self) -> list[str]:
        """The time zone names that the field offers."""
        return sorted(available_timezones())

    def clean(self) -> dict[str, Any]:
        """Read all settings together and add each error to its field."""
        data = super().clean() or {}
        self._locks.check()
        raw = {setting.name: self._raw(setting, data) for setting in self._settings}
        normalized = call_settings.normalize_shared(
            {name: value for name, value in raw.items() if value is not _NOT_SET}
        )
        for problem in normalized.problems:
            self.add_error(self._field_of(problem.name), problem.message)
        self._values = {**normalized.values, **self._left_out}
        return data

    def values(self) -> dict[str, Any]:
        """Return the canonical settings."""
        return self._values

    def sections(self) -> Iterator[SettingsSection]:
        """Yield the non-empty sections with their fields, in the registry's order."""
        for section in Section:
            settings = [setting for setting in self._settings if setting.section == section]
            names = [name for setting in settings for name, _ in _fields_of(setting, {})]
            fields = [self[name] for name in names]
            if fields:
                yield SettingsSection(
                    name=section.value,
                    label=section.label,
                    fields=fields,
                    set_count=sum(setting.name in self.stored for setting in settings),
                    has_errors=any(field.errors for field in fields),
                )

    def _raw(self, setting: CallSetting, data: Mapping[str, Any]) -> Any:
        if setting.name == "voicemail":
            return _join_voicemail(
                *(data.get(f"voicemail_{part}", "") for part in _VOICEMAIL_PARTS)
            )
        text = data.get(setting.name, "")
        if setting.sensitive and not text.strip() and not data.get(f"{setting.name}_remove"):
            return self.stored.get(setting.name, _NOT_SET)
        if setting.nullable and text == NULL:
            return None
        return text if text.strip() else _NOT_SET

    def _field_of(self, name: str) -> str | None:
        if name == "voicemail":
            return "voicemail_message"
        return name if name in self.fields else None


class _NotSet:
    """Marks an empty field. None cannot, because null is a valid value of some settings."""


_NOT_SET = _NotSet()


def _fields_of(setting: CallSetting, stored: Mapping[str, Any]) -> list[tuple[str, forms.Field]]:
    """Return the fields of one setting with their names."""
    value = stored.get(setting.name, _NOT_SET)
    if setting.name == "voicemail":
        return _voicemail_fields(value if isinstance(value, dict) else {})
    common: dict[str, Any] = {
        "label": setting.label,
        "required": False,
        "help_text": _help_of(setting),
    }
    if setting.sensitive:
        return _sensitive_fields(setting, common, is_set=value is not _NOT_SET)
    common["initial"] = written(value)
    unset = (
        "Not set" if setting.default is None else f"Not set (default: {written(setting.default)})"
    )
    if setting.kind == Kind.BOOLEAN:
        choices = [("", unset), ("true", "Yes"), ("false", "No")]
        return [(setting.name, forms.ChoiceField(choices=choices, **common))]
    if setting.kind == Kind.CHOICE:
        choices = [("", unset), *((choice, choice) for choice in setting.choices)]
        if setting.nullable:
            choices.insert(1, (NULL, "The provider’s own (null)"))
        return [(setting.name, forms.ChoiceField(choices=choices, **common))]
    return [(setting.name, forms.CharField(widget=_widget(setting), **common))]


def _lockable(setting: CallSetting) -> list[tuple[frozenset[Sensitivity], list[str]]]:
    """Return the fields of a setting, and the classes of what each of them can set."""
    if setting.name == "voicemail":
        spoken = ["voicemail_action", "voicemail_message"]
        return [
            (SENSITIVITY["voicemail"], spoken),
            (setting.sensitivity, ["voicemail_more"]),
        ]
    return [(setting.sensitivity, [setting.name, f"{setting.name}_remove"])]


def _help_of(setting: CallSetting) -> str:
    words = type_in_words(setting.schema) if setting.kind in _TYPED else ""
    type_of = f"{words[0].upper()}{words[1:]}." if words else ""
    return " ".join(filter(None, [setting.help, type_of, _HINTS.get(setting.kind, "")]))


def _widget(setting: CallSetting) -> forms.Widget:
    shown = "" if setting.default is None else str(setting.default)
    attrs: dict[str, Any] = {"placeholder": shown} if shown else {}
    if setting.kind in {Kind.LIST, Kind.OBJECT} or setting.name in _LONG:
        return forms.Textarea(attrs={**attrs, "rows": 3})
    if setting.kind in {Kind.INTEGER, Kind.DECIMAL}:
        return forms.TextInput(attrs={**attrs, "inputmode": "decimal"})
    if setting.kind == Kind.TIMEZONE:
        return forms.TextInput(attrs={**attrs, "list": "time-zones", "autocomplete": "off"})
    kind = _INPUT_TYPES.get(setting.kind)
    return forms.TextInput(attrs={**attrs, "type": kind} if kind else attrs)


def _sensitive_fields(
    setting: CallSetting, common: dict[str, Any], *, is_set: bool
) -> list[tuple[str, forms.Field]]:
    attrs: dict[str, Any] = {"rows": 3}
    if is_set:
        attrs = {**attrs, "placeholder": "Set, and not shown. Leave blank to keep it."}
    fields: list[tuple[str, forms.Field]] = [
        (setting.name, forms.CharField(widget=forms.Textarea(attrs=attrs), **common))
    ]
    if is_set:
        label = f"Remove {setting.label.lower()}"
        fields.append((f"{setting.name}_remove", forms.BooleanField(label=label, required=False)))
    return fields


def _voicemail_fields(value: Mapping[str, Any]) -> list[tuple[str, forms.Field]]:
    more = {name: member for name, member in value.items() if name not in {"action", "message"}}
    actions = list(dict.fromkeys([*VOICEMAIL_ACTIONS, "leave_message_and_sms"]))
    choices = [("", "Not set (hangs up)"), *((one, one.replace("_", " ")) for one in actions)]
    return [
        (
            "voicemail_action",
            forms.ChoiceField(
                label="At a voicemail",
                choices=choices,
                required=False,
                initial=value.get("action", ""),
            ),
        ),
        (
            "voicemail_message",
            forms.CharField(
                label="Voicemail message",
                widget=forms.Textarea(attrs={"rows": 3}),
                required=False,
                initial=value.get("message", ""),
                help_text="Conversation after the tone; {{variables}} are replaced.",
            ),
        ),
        (
            "voicemail_more",
            forms.CharField(
                label="More about voicemail",
                widget=forms.Textarea(attrs={"rows": 2}),
                required=False,
                initial=written(more) if more else "",
                help_text="Written as JSON, such as "
                '{"sms": {"to": "+12025550100", "from": "+12025550101", "message": "…"}}.',
            ),
        ),
    ]


def _join_voicemail(action: str, message: str, more: str) -> Any:
    """Return the setting from its parts; leave invalid JSON for the parser to refuse."""
    members: dict[str, Any] = {}
    if more.strip():
        try:
            members = decode(more)
        except ValueError:
            return more
        if not isinstance(members, dict):
            return more
    own = {"action": action, "message": message.strip()}
    joined = {**members, **{name: text for name, text in own.items() if text}}
    return joined or _NOT_SET


def written(value: Any) -> str:
    """Format a canonical value the way its field reads it."""
    if isinstance(value, _NotSet):
        return ""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and value and all(_needs_no_quotes(item) for item in value):
        return ", ".join(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return str(value)


def _needs_no_quotes(item: Any) -> bool:
    return isinstance(item, str) and "," not in item and not item.startswith("[")
