"""The form of a voice account: numbers on lines, and a field for each option of its provider.

The provider's own description defines the option fields, see `voice.options`, and its parser
reports their errors. The form stores the same JSON as before: blank options are omitted, so that
they follow the provider's defaults.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MinValueValidator
from django.forms.boundfield import BoundField

from batchcalls.admin.voice_account_fields import (
    CountriesField,
    NumbersField,
    read_caller_ids,
)
from batchcalls.batches import spending
from batchcalls.models import CallResult, VoiceAccount
from batchcalls.voice import registry
from batchcalls.voice.errors import OptionsInvalid
from batchcalls.voice.options import Option, OptionKind, options_of
from campaigns import countries
from campaigns.countries import SpecialKind

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionItem:
    """An option on the page: one field, or a field for each of its weights."""

    option: Option
    fields: list[BoundField]

    @property
    def is_weights(self) -> bool:
        """True for an option with several fields."""
        return self.option.kind is OptionKind.WEIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionGroup:
    """The options of one provider."""

    kind: str
    label: str
    items: list[OptionItem]


class VoiceAccountForm(forms.ModelForm[VoiceAccount]):
    """Every field of an account, except its switch and caller IDs once it exists.

    They have their own pages. Otherwise, a form opened while the account was on could switch it on
    again.
    """

    caller_ids = NumbersField(
        label="Numbers to call from",
        required=False,
        help_text="One per line, with country code, such as +12025550100. Leave blank to let the "
        "provider choose.",
    )
    countries = CountriesField(
        required=False,
        help_text="Two-letter codes such as US, CA, GB. Only numbers in these countries are "
        "called, transferred to, and called from. US includes its territories; Canada and the "
        "Caribbean are separate.",
    )
    special_numbers = forms.MultipleChoiceField(
        required=False,
        initial=list,
        choices=[(kind.value, f"{kind.label.capitalize()} numbers") for kind in SpecialKind],
        widget=forms.CheckboxSelectMultiple,
        help_text="They cost more or reach no ordinary phone. Only the kinds you check are called.",
    )

    class Meta:
        model = VoiceAccount
        fields = [
            "name",
            "provider",
            "enabled",
            "countries",
            "special_numbers",
            "cps",
            "concurrency",
            *("price_per_minute", "price_per_voicemail_minute", "price_per_attempt"),
            *("currency", "minute_rounding"),
            *("daily_budget", "monthly_budget", "budget_warning_percent"),
            *("breaker_percent", "breaker_calls", "breaker_minutes"),
        ]
        widgets = {"provider": forms.RadioSelect}

    LIMITS = ("cps", "concurrency")
    PRICES = (
        *("price_per_minute", "price_per_voicemail_minute", "price_per_attempt"),
        *("currency", "minute_rounding"),
    )
    BUDGETS = ("daily_budget", "monthly_budget", "budget_warning_percent")
    BREAKER = ("breaker_percent", "breaker_calls", "breaker_minutes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The values when the form was created: validation changes the instance.
        self._stored = (self.instance.provider, self.instance.options)
        self._kinds = list(registry.PROVIDERS)
        if "provider" not in self.fields:
            return  # A user with view permission only: the page shows no form.
        self.fields[
            "countries"
        ].help_text += (
            f" Leave blank for {countries.name_of(settings.DEFAULT_REGION)}, the default region."
        )
        if self.instance.pk:
            del self.fields["caller_ids"]
        for name in ("price_per_minute", "price_per_attempt"):
            self.fields[name].validators.append(
                MinValueValidator(0, "A price cannot be below 0: for none, write 0.")
            )
        if self.instance.pk and CallResult.objects.filter(account=self.instance).exists():
            # The provider that placed the calls must stay, to look them up.
            self.fields["provider"].disabled = True
            self._kinds = [kind for kind in self._kinds if kind == self.instance.provider]
        for kind in self._kinds:
            stored = self._stored_of(kind)
            for option in options_of(registry.PROVIDERS[kind].options_type):
                self.fields.update(_fields_of(kind, option, stored))

    # Groups of fields ----------------------------------------------------------------------------

    @property
    def is_provider_fixed(self) -> bool:
        """True once the account has calls: they belong to the provider that placed them."""
        return self.fields["provider"].disabled

    @property
    def limit_fields(self) -> list[BoundField]:
        """Return the fields for the rate and the concurrency."""
        return [self[name] for name in self.LIMITS]

    @property
    def price_fields(self) -> list[BoundField]:
        """Return the fields for the price of a call."""
        return [self[name] for name in self.PRICES]

    @property
    def budget_fields(self) -> list[BoundField]:
        """Return the fields for the account's budgets."""
        return [self[name] for name in self.BUDGETS]

    @property
    def breaker_fields(self) -> list[BoundField]:
        """Return the fields for the failures that pause batches."""
        return [self[name] for name in self.BREAKER]

    def option_groups(self) -> Iterator[OptionGroup]:
        """Yield the options of each provider that the account can use."""
        for kind in self._kinds:
            provider = registry.PROVIDERS[kind]
            items = [
                OptionItem(option=one, fields=[self[name] for name in _names_of(kind, one)])
                for one in options_of(provider.options_type)
            ]
            yield OptionGroup(kind=kind, label=provider.label, items=items)

    def complaints(self) -> Iterator[tuple[str, str, str]]:
        """Yield each error: the field's id, its label, the message."""
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
        """Return stored options that the provider does not know. Saving removes them."""
        kind = self._stored[0]
        known = {one.name for one in options_of(registry.PROVIDERS[kind].options_type)}
        return sorted(set(self._stored_of(kind)) - known)

    # Reading -------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Read the options of the chosen provider and ignore those of the others."""
        data = super().clean() or {}
        self._check_prices(data)
        self._check_currency(data)
        kind = data.get("provider")
        # The model validates the options too, so it never receives invalid ones.
        self.instance.options = self._options(kind, data) if kind in self._kinds else {}
        if kind in self._kinds and data.get("caller_ids"):
            reach = {name: data.get(name, []) for name in ("countries", "special_numbers")}
            account = VoiceAccount(provider=kind, **reach)
            data["caller_ids"], wrong = read_caller_ids(account, data["caller_ids"])
            for message in wrong:
                self.add_error("caller_ids", message)
        return data

    def _check_prices(self, data: Mapping[str, Any]) -> None:
        """Refuse a budget without prices: it could not be kept."""
        prices = ("price_per_minute", "price_per_voicemail_minute", "price_per_attempt")
        if any(data.get(name) for name in prices) or set(prices) & self.errors.keys():
            return
        for name in ("daily_budget", "monthly_budget"):
            if data.get(name):
                self.add_error(name, "No price is set, so this budget cannot be kept. Set a price.")

    def _check_currency(self, data: Mapping[str, Any]) -> None:
        """Refuse another currency once calls cost something: sums and budgets would mix them."""
        if "currency" not in self.changed_data or not data.get("currency"):
            return
        was = self.initial.get("currency", "")
        if self.instance.pk and spending.has_any(self.instance):
            self.add_error(
                "currency",
                f"Calls of this account were charged in {was}, and its budgets count them. Keep "
                f"{was}, or add another account for {data['currency']}.",
            )

    def _options(self, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the valid options. Each of the others gets its provider's error message."""
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
        """Return the weights that were entered, or None if that is the default."""
        given = {
            part: _value(text, option, _weight_of(option, stored, part))
            for part in option.parts
            if (text := data.get(_name(kind, option.name, part), ""))
        }
        was_default = option.name not in stored
        return None if not given or (was_default and given == option.default) else given

    def _field_of(self, kind: str, error: OptionsInvalid) -> str:
        """Return the field that an error belongs to: for an option with parts, the first one."""
        name = _name(kind, error.option, error.part)
        if name in self.fields:
            return name
        prefix = _name(kind, error.option)
        return next(one for one in self.fields if one.startswith(prefix))

    def _stored_of(self, kind: str) -> Mapping[str, Any]:
        """Return the stored options of a provider, which are empty for any but the current one."""
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
    """Format a value as its field reads it."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _value(text: str, option: Option, stored: Any) -> Any:
    """Read a field as JSON would. The provider rejects text that is not a number."""
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
