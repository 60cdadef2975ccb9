"""A form of the call settings: one field for each registry entry, grouped in its sections.

The setting's own parser reports errors. A single value is written as in a CSV cell; lists and
objects have the inputs of `campaigns.setting_fields`. A stored value is shown so that saving it
unchanged gives the same value.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.forms.boundfield import BoundField

from campaigns import call_settings, setting_fields
from campaigns.call_settings.describing import type_in_words
from campaigns.call_settings.options import VOICEMAIL_ACTIONS
from campaigns.call_settings.sensitivity import SENSITIVITY, Sensitivity
from campaigns.call_settings.types import CallSetting, Kind, Section
from campaigns.setting_locks import Locks
from campaigns.setting_permissions import refusal_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

NULL = "null"
_LONG = frozenset({"first_sentence", "summary_prompt"})
_INPUT_TYPES = {Kind.URL: "url", Kind.PHONE: "tel"}
_NESTED = {Kind.LIST, Kind.OBJECT}
#: Kinds whose widget does not show which values it accepts.
_TYPED = {Kind.INTEGER, Kind.DECIMAL}
_VOICEMAIL_PARTS = ("action", "message", "more")
#: Fields of their own, for parts of the setting `voicemail`.
_SPOKEN = frozenset({"action", "message"})
#: Choices of a list setting by its name: the value and the label of each.
Known = Mapping[str, Sequence[tuple[str, str]]]


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
    field. Legacy settings have one only while they are set, unless they are ``offered``. Fields
    that ``user`` may not set are locked. ``known`` are values of list settings to pick from, such
    as the saved tools. After ``is_valid()``, ``values()`` returns canonical settings.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        initial: Mapping[str, Any] | None = None,
        prefix: str = "setting",
        leave_out: Collection[str] = (),
        user: User | AnonymousUser | None = None,
        known: Known | None = None,
    ) -> None:
        self.stored = dict(initial or {})
        self._known = known or {}
        super().__init__(data, prefix=prefix)
        self._settings = [
            setting
            for setting in call_settings.REGISTRY.values()
            if not setting.structural
            and setting.name not in leave_out
            and (not setting.legacy or setting.offered or setting.name in self.stored)
        ]
        self._left_out = {name: self.stored[name] for name in leave_out if name in self.stored}
        for setting in self._settings:
            for name, field in _fields_of(setting, self.stored, self._known):
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

    def essential(self) -> list[BoundField]:
        """Return the fields that are shown first, before the advanced sections."""
        return [
            self[name]
            for setting in self._settings
            for name in _names_of(setting)
            if _is_essential(setting, name)
        ]

    def sections(self) -> list[SettingsSection]:
        """Return the non-empty sections of the other fields, in the registry's order."""
        return list(self._sections())

    def _sections(self) -> Iterator[SettingsSection]:
        for section in Section:
            fields = {
                name: setting
                for setting in self._settings
                if setting.section == section
                for name in _names_of(setting)
                if name in self.fields and not _is_essential(setting, name)
            }
            if fields:
                bound = [self[name] for name in fields]
                set_names = {one.name for name, one in fields.items() if self._is_set(one, name)}
                yield SettingsSection(
                    name=section.value,
                    label=section.label,
                    fields=bound,
                    set_count=len(set_names),
                    has_errors=any(field.errors for field in bound),
                )

    @property
    def set_count(self) -> int:
        """The number of advanced settings that have a value."""
        return sum(section.set_count for section in self._sections())

    @property
    def has_advanced_errors(self) -> bool:
        """True when a field of a section has an error."""
        return any(section.has_errors for section in self._sections())

    def _is_set(self, setting: CallSetting, name: str) -> bool:
        if name == "voicemail_more":
            return bool(self.stored.get("voicemail", {}).keys() - _SPOKEN)
        return setting.name in self.stored

    def _raw(self, setting: CallSetting, data: Mapping[str, Any]) -> Any:
        if setting.name == "voicemail":
            return _join_voicemail(
                *(data.get(f"voicemail_{part}", "") for part in _VOICEMAIL_PARTS)
            )
        text = data.get(setting.name, "")
        if not isinstance(text, str):
            stored = self.stored.get(setting.name)
            return text or (stored if stored in ([], {}) else _NOT_SET)
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


def _names_of(setting: CallSetting) -> list[str]:
    """Return the names of the fields that a setting may have."""
    if setting.name == "voicemail":
        return [f"voicemail_{part}" for part in _VOICEMAIL_PARTS]
    return [setting.name, *([f"{setting.name}_remove"] if setting.sensitive else [])]


def _is_essential(setting: CallSetting, name: str) -> bool:
    return setting.essential and name != "voicemail_more"


def _fields_of(
    setting: CallSetting, stored: Mapping[str, Any], known: Known
) -> list[tuple[str, forms.Field]]:
    """Return the fields of one setting with their names."""
    value = stored.get(setting.name, _NOT_SET)
    if setting.name == "voicemail":
        return _voicemail_fields(setting, value if isinstance(value, dict) else {})
    common: dict[str, Any] = {
        "label": setting.label,
        "required": False,
        "help_text": _help_of(setting),
    }
    if setting.sensitive:
        return _sensitive_fields(setting, common, is_set=value is not _NOT_SET)
    if setting.kind in _NESTED and (
        field := setting_fields.field_of(
            setting.name,
            setting.schema,
            None if value is _NOT_SET else value,
            known=known.get(setting.name, ()),
            **common,
        )
    ):
        return [(setting.name, field)]
    common["initial"] = written(value)
    unset = "Not set"
    if setting.default is not None:
        unset = f"Not set (default: {_IN_WORDS.get(setting.default, written(setting.default))})"
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
    is_json = setting.sensitive and setting.kind in _NESTED
    return " ".join(filter(None, [setting.help, type_of, "Write it as JSON." * is_json]))


def _widget(setting: CallSetting) -> forms.Widget:
    shown = "" if setting.default is None else str(setting.default)
    attrs: dict[str, Any] = {"placeholder": shown} if shown else {}
    if setting.kind in _NESTED or setting.name in _LONG:
        inserts = {"data-variables": ""} if setting.rendered else {}
        return forms.Textarea(
            attrs={**attrs, **inserts, "rows": 3 if setting.kind in _NESTED else 2}
        )
    if setting.kind in {Kind.INTEGER, Kind.DECIMAL}:
        return forms.TextInput(attrs={**attrs, "inputmode": "decimal"})
    if setting.kind == Kind.TIMEZONE:
        return forms.TextInput(attrs={**attrs, "list": "time-zones", "autocomplete": "off"})
    if setting.name == "voice":
        return forms.TextInput(attrs={**attrs, "list": "voices", "autocomplete": "off"})
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


def _voicemail_fields(
    setting: CallSetting, value: Mapping[str, Any]
) -> list[tuple[str, forms.Field]]:
    more = {name: member for name, member in value.items() if name not in _SPOKEN}
    actions = list(dict.fromkeys([*VOICEMAIL_ACTIONS, "leave_message_and_sms"]))
    choices = [("", "Not set (hangs up)"), *((one, _ACTIONS[one]) for one in actions)]
    others = setting_fields.field_of(
        "voicemail",
        setting.schema,
        more,
        without=_SPOKEN,
        label="Text message after a voicemail",
        required=False,
        help_text="Sent if the voicemail setting is to leave a message and send a text message.",
    )
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
                widget=forms.Textarea(attrs={"rows": 2, "data-variables": ""}),
                required=False,
                initial=value.get("message", ""),
                help_text="What the agent says after the tone.",
            ),
        ),
        *([("voicemail_more", others)] if others else []),
    ]


_IN_WORDS: Mapping[Any, str] = {True: "yes", False: "no"}
_ACTIONS = {
    "hangup": "Hang up",
    "leave_message": "Leave a message",
    "ignore": "Talk as if a person answered",
    "leave_message_and_sms": "Leave a message and send a text message",
}


def _join_voicemail(action: str, message: str, more: Any) -> Any:
    """Return the setting from its parts."""
    own = {"action": action, "message": message.strip()}
    joined = {**(more or {}), **{name: text for name, text in own.items() if text}}
    return joined or _NOT_SET


def written(value: Any) -> str:
    """Format a canonical value the way its field reads it."""
    if isinstance(value, _NotSet):
        return ""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return str(value)
