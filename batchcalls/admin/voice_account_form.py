"""A voice account as a form: numbers on lines, and a field for each option of its provider.

The fields of options come from the provider's own description, see `voice.options`, and its parser
says what is wrong with them. What is stored is the same JSON as ever: options that were left blank
are not in it, so that they follow the provider's defaults.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.forms.boundfield import BoundField

from batchcalls.models import CallResult, VoiceAccount
from batchcalls.voice import registry
from batchcalls.voice.errors import OptionsInvalid
from batchcalls.voice.options import Option, OptionKind, options_of

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


class NumbersField(forms.Field):
    """A list of numbers, one on a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        """Write the list as the field reads it."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        """Read the lines; what was copied from elsewhere may have commas."""
        return [line for part in re.split(r"[\r\n,;]+", str(value or "")) if (line := part.strip())]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the numbers, not how the lines end."""
        return bool((initial or []) != self.to_python(data))


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionItem:
    """An option on the page: one field, or one for each of its weights."""

    option: Option
    fields: list[BoundField]

    @property
    def is_weights(self) -> bool:
        """True for an option of several fields."""
        return self.option.kind is OptionKind.WEIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionGroup:
    """The options of one provider."""

    kind: str
    label: str
    items: list[OptionItem]


class VoiceAccountForm(forms.ModelForm[VoiceAccount]):
    """Everything of an account but its switch, once it exists: that has a page of its own.

    A form that was opened while the account was on must not switch it on again.
    """

    caller_ids = NumbersField(
        label="Numbers to call from",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "number", "spellcheck": "false"}),
        help_text="One on a line, with its country code, such as +12025550100; used in turn. "
        "None: the provider chooses.",
    )

    class Meta:
        model = VoiceAccount
        fields = [
            "name",
            "provider",
            "enabled",
            "caller_ids",
            "cps",
            "concurrency",
            "price_per_minute",
            "price_per_attempt",
            "currency",
        ]
        widgets = {"provider": forms.RadioSelect}

    LIMITS = ("cps", "concurrency")
    PRICES = ("price_per_minute", "price_per_attempt", "currency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # As they were when the form was made: reading it changes the instance.
        self._stored = (self.instance.provider, self.instance.options)
        self._kinds = list(registry.PROVIDERS)
        if "provider" not in self.fields:
            return  # Somebody who may look: the page shows the account without a form.
        for name in ("price_per_minute", "price_per_attempt"):
            self.fields[name].validators.append(
                MinValueValidator(0, "A price cannot be below 0: for none, write 0.")
            )
        if self.instance.pk and CallResult.objects.filter(account=self.instance).exists():
            # Its calls are looked up at the provider that made them.
            self.fields["provider"].disabled = True
            self._kinds = [kind for kind in self._kinds if kind == self.instance.provider]
        for kind in self._kinds:
            stored = self._stored_of(kind)
            for option in options_of(registry.PROVIDERS[kind].options_type):
                self.fields.update(_fields_of(kind, option, stored))

    # Where fields stand --------------------------------------------------------------------------

    @property
    def is_provider_fixed(self) -> bool:
        """True once calls were made: they belong to the provider that made them."""
        return self.fields["provider"].disabled

    @property
    def limit_fields(self) -> list[BoundField]:
        """How fast, and how many at once."""
        return [self[name] for name in self.LIMITS]

    @property
    def price_fields(self) -> list[BoundField]:
        """What a call costs."""
        return [self[name] for name in self.PRICES]

    def option_groups(self) -> Iterator[OptionGroup]:
        """Yield the options of each provider that the account may have."""
        for kind in self._kinds:
            provider = registry.PROVIDERS[kind]
            items = [
                OptionItem(option=one, fields=[self[name] for name in _names_of(kind, one)])
                for one in options_of(provider.options_type)
            ]
            yield OptionGroup(kind=kind, label=provider.label, items=items)

    def complaints(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong: the field's id, its label, the sentence."""
        for name, errors in self.errors.items():
            field = self[name] if name in self.fields else None
            for error in errors:
                yield (
                    (field.id_for_label or f"id_{name}") if field else "",
                    str(field.label) if field else "",
                    str(error),
                )

    @property
    def unknown_options(self) -> list[str]:
        """Stored options that the provider does not know; saving leaves them out."""
        kind = self._stored[0]
        known = {one.name for one in options_of(registry.PROVIDERS[kind].options_type)}
        return sorted(set(self._stored_of(kind)) - known)

    # Reading -------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Read the options of the chosen provider; those of others do not count."""
        data = super().clean() or {}
        kind = data.get("provider")
        # The model looks at the options too: it is never given what was found wrong here.
        self.instance.options = self._options(kind, data) if kind in self._kinds else {}
        return data

    def _options(self, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options that are good; each of the others gets its provider's sentence."""
        options_type = registry.PROVIDERS[kind].options_type
        stored = self._stored_of(kind)
        values = {}
        for one in options_of(options_type):
            value = self._weights(kind, one, data, stored) if one.parts else None
            if not one.parts and (text := data.get(_name(kind, one.name), "")):
                value = _value(text, one, stored.get(one.name))
            if value is not None:
                values[one.name] = value
        while True:
            try:
                options_type.parse(values)
            except OptionsInvalid as error:
                if error.option not in values:
                    self.add_error(None, str(error))
                    return {}
                self.add_error(self._field_of(kind, error), str(error))
                del values[error.option]
            else:
                return values

    def _weights(
        self, kind: str, option: Option, data: Mapping[str, Any], stored: Mapping[str, Any]
    ) -> Any:
        """Return the weights that were given; None where that is the default."""
        given = {
            part: _value(text, option, _weight_of(option, stored, part))
            for part in option.parts
            if (text := data.get(_name(kind, option.name, part), ""))
        }
        was_default = option.name not in stored
        return None if not given or (was_default and given == option.default) else given

    def _field_of(self, kind: str, error: OptionsInvalid) -> str:
        """Return the field that a sentence is about; of an option with parts, its first."""
        name = _name(kind, error.option, error.part)
        if name in self.fields:
            return name
        prefix = _name(kind, error.option)
        return next(one for one in self.fields if one.startswith(prefix))

    def _stored_of(self, kind: str) -> Mapping[str, Any]:
        """Return the options that are stored for a provider: none but for its own."""
        provider, options = self._stored
        return options if kind == provider and isinstance(options, dict) else {}


def _name(kind: str, *parts: str) -> str:
    return "-".join([kind, *filter(None, parts)])


def _names_of(kind: str, option: Option) -> list[str]:
    if not option.parts:
        return [_name(kind, option.name)]
    return [_name(kind, option.name, part) for part in option.parts]


def _fields_of(kind: str, option: Option, stored: Mapping[str, Any]) -> dict[str, forms.Field]:
    """Return the fields of one option, by name."""
    if option.parts:
        return {
            _name(kind, option.name, part): _field(
                part.replace("_", " ").capitalize(), _weight_of(option, stored, part)
            )
            for part in option.parts
        }
    default = written(option.default)
    help_text = f"{option.help} Default: {default}."
    field = _field(
        option.label,
        stored.get(option.name),
        help_text=help_text,
        placeholder=default,
        is_text=option.kind is OptionKind.TEXT,
    )
    return {_name(kind, option.name): field}


def _field(
    label: str, value: Any, *, help_text: str = "", placeholder: str = "", is_text: bool = False
) -> forms.CharField:
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    if placeholder:
        attrs["placeholder"] = placeholder
    if not is_text:
        attrs["inputmode"] = "decimal"
    return forms.CharField(
        label=label,
        required=False,
        initial=written(value),
        help_text=help_text,
        widget=forms.TextInput(attrs=attrs),
    )


def _weight_of(option: Option, stored: Mapping[str, Any], part: str) -> Any:
    weights = stored.get(option.name, option.default)
    return weights.get(part) if isinstance(weights, Mapping) else None


def written(value: Any) -> str:
    """Write a value as its field reads it."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _value(text: str, option: Option, stored: Any) -> Any:
    """Read a field as JSON would be; what is no number is left for the provider to refuse."""
    if text == written(stored):
        return stored
    if option.kind is OptionKind.TEXT:
        return text
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text
