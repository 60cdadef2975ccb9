"""The registry of call settings: every parameter of a call and the values it accepts.

`registry` lists every setting once, `legacy` the older names. `normalize` turns raw values from
JSON or a CSV row into canonical ones. Nothing here needs a database.
"""

from campaigns.call_settings.dates import DateOrder, possible_orders
from campaigns.call_settings.hiding import SECRETS, is_secret, secrets_in, shown, without_secrets
from campaigns.call_settings.legacy import ALIASES
from campaigns.call_settings.normalizing import (
    INVALID,
    UNKNOWN,
    Normalized,
    SettingProblem,
    normalize,
    normalize_shared,
    patch_shared,
)
from campaigns.call_settings.numbers import numbers_in
from campaigns.call_settings.of_rows import for_row
from campaigns.call_settings.registry import REGISTRY, all_names, get, is_call_setting
from campaigns.call_settings.times import StartReading, ZoneSource, parse_start_time
from campaigns.call_settings.types import Alias, CallSetting, Kind, Section, SettingInvalid

__all__ = [
    "ALIASES",
    "INVALID",
    "REGISTRY",
    "SECRETS",
    "UNKNOWN",
    "Alias",
    "CallSetting",
    "DateOrder",
    "Kind",
    "Normalized",
    "Section",
    "SettingInvalid",
    "SettingProblem",
    "StartReading",
    "ZoneSource",
    "all_names",
    "for_row",
    "get",
    "is_call_setting",
    "is_secret",
    "normalize",
    "normalize_shared",
    "numbers_in",
    "parse_start_time",
    "patch_shared",
    "possible_orders",
    "secrets_in",
    "shown",
    "without_secrets",
]
