"""What the audit log may keep of a row: no secrets, no recipients' numbers, and not too much."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Field, ManyToManyField, Model
from django.utils.crypto import salted_hmac

from batchcalls.database import clock
from campaigns.call_settings import hiding
from campaigns.masked_numbers import masked

HIDDEN: Final = "(hidden)"
#: Columns that hold secrets or what secrets are derived from, in any table.
SECRET_COLUMN: Final = re.compile(
    r"password|secret|salt|digest|token|credential|authorization|api_?key", re.IGNORECASE
)
#: Characters kept of a text, items of a list, and levels of nesting.
LONGEST_TEXT, MOST_ITEMS, DEEPEST = 2_000, 100, 6
#: Characters of all values of one side. What exceeds them is only named.
LONGEST_SIDE: Final = 20_000
_FINGERPRINT: Final = 8
_SALT: Final = "batchcalls.audit"
#: Columns that workers and providers write all the time, and times that each save sets.
_BOOKKEEPING: Final = {
    *("last_login", "last_used_at", "full_at", "updated_at", "lease_token", "lease_until"),
    *("next_slot_at", "held_until", "held_code", "held_reason", "budget_warnings"),
    *("database_slow_at", "clock_ahead_seconds", "used_at", "full_until"),
    *("consecutive_failures", "failing_since", "last_failed_at", "last_delivered_at"),
    *("resting_until",),
}
#: Rows of other tables that belong to a row and are edited with it.
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "campaigns.callingpolicy": ("calling_windows", "blackout_dates", "retry_rules"),
    "batchcalls.voiceaccount": ("caller_ids",),
}
#: Lists that are longer are compared item by item, and only the others are kept.
SHORT_LIST: Final = 20
#: Tables about recipients, whose numbers must not outlive an erasure.
_ABOUT_PEOPLE: Final = {
    *("campaigns.suppression", "batchcalls.optoutreview", "batchcalls.recipient"),
    *("batchcalls.callresult", "batchcalls.webhookdelivery", "batchcalls.batch"),
}
#: A part of an IP address. 044.668.18.00 is a number in four groups.
_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
#: A number as the product or a person writes it: no date, no IP address.
_NUMBER: Final = re.compile(
    rf"(?<!\d)(?!\d{{4}}-\d\d-\d\d|{_OCTET}(?:\.{_OCTET}){{3}}(?!\d))"
    r"\+?\d(?:[ ().\-]{0,2}\d){8,14}(?!\d)"
)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_URL: Final = re.compile(r"https?://\S+", re.IGNORECASE)


def kind_of(model: type[Model] | Model) -> str:
    """Return the label of a table, such as ``batchcalls.batch``."""
    return str(model._meta.label_lower)


def name_of(row: Model) -> str:
    """Return the name of a row as the log may keep it."""
    return name_kept(row.__class__, str(row))


def name_kept(model: type[Model], name: str) -> str:
    """Return a name with recipients' numbers masked, and addresses without their secret parts."""
    text = text_of(name, longest=200)
    return without_numbers(text) if kind_of(model) in _ABOUT_PEOPLE else text


def snapshot(row: Model) -> dict[str, Any]:
    """Return the stored values of a row, read again from the database; empty if it is gone.

    Values that may be secret stay comparable and are hidden by `difference`.
    """
    model = row.__class__  # of a lazy user, the class of the user
    manager = model._base_manager
    columns = [one for one in model._meta.concrete_fields if one.name not in _BOOKKEEPING]
    stored = manager.filter(pk=row.pk).values(*(one.attname for one in columns)).first()
    if stored is None:
        return {}
    values = {one.name: stored[one.attname] for one in columns if not one.primary_key}
    for many in model._meta.many_to_many:
        values[many.name] = _names_through(many, row)
    for name in _PARTS.get(kind_of(model), ()):
        values[name] = _parts(row, name)
    return values


def _parts(row: Model, name: str) -> list[dict[str, Any]]:
    rows = getattr(row, name).model._base_manager.filter(**{getattr(row, name).field.name: row.pk})
    left_out = {"id", "created_at", getattr(row, name).field.attname, *_BOOKKEEPING}
    return [
        {column: value for column, value in part.items() if column not in left_out}
        for part in rows.order_by("pk").values()
    ]


def _names_through(many: ManyToManyField[Any, Any], row: Model) -> list[str]:
    found = getattr(row, many.name).all()
    if many.related_model._meta.label_lower == "auth.permission":
        pairs = found.order_by().values_list("content_type__app_label", "codename")
        return sorted(f"{app}.{codename}" for app, codename in pairs)
    return sorted(map(str, found))


def difference(
    before: Mapping[str, Any], after: Mapping[str, Any], *, model: type[Model] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values that differ, before and after, as the log may keep them."""
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    sides: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for name in changed:
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            # Of a large object, such as call settings, only the members that differ.
            members = [one for one in {**old, **new} if old.get(one) != new.get(one)]
            old = {one: old[one] for one in members if one in old}
            new = {one: new[one] for one in members if one in new}
        if isinstance(old, list) and isinstance(new, list) and len(old) + len(new) > SHORT_LIST:
            old, new = _without(old, new), _without(new, old)
        for side, value, whole in zip(sides, (old, new), (before, after), strict=True):
            if name in whole:
                side[name] = value
    return kept(sides[0], model=model), kept(sides[1], model=model)


def _without(items: list[Any], others: list[Any]) -> list[Any]:
    known = set(map(repr, others))
    return [one for one in items if repr(one) not in known]


def kept(values: Mapping[str, Any], *, model: type[Model] | None = None) -> dict[str, Any]:
    """Return values as the log may keep them: JSON, without secrets, and bounded."""
    people = model is not None and kind_of(model) in _ABOUT_PEOPLE
    columns = {one.name: one for one in model._meta.concrete_fields} if model else {}
    found: dict[str, Any] = {}
    room = LONGEST_SIDE
    for name, value in values.items():
        plain = _hidden(name, _shown(columns.get(name), value))
        plain = _plain(plain, people=people)
        size = len(str(plain))
        found[name[:100]] = plain if size <= room else f"({size:,} characters)"
        room -= min(size, room)
    return found


def without_numbers(text: str) -> str:
    """Mask every phone number of a text that is kept, in the middle of a word or a name too."""
    if _UUID.fullmatch(text):
        return text
    return _NUMBER.sub(lambda match: masked(match[0]), text)


def hash_of_number(e164: str) -> str:
    """Return the keyed hash by which the entries about a number are found.

    Without the key, a hash of the few possible numbers would be as good as the number.
    """
    return salted_hmac(f"{_SALT}.number", e164, algorithm="sha256").hexdigest()[:32]


def hashes_of_number(e164: str) -> list[str]:
    """Return the hashes of a number by the current key and by former ones."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    salt = f"{_SALT}.number"
    return [
        salted_hmac(salt, e164, secret=key, algorithm="sha256").hexdigest()[:32] for key in keys
    ]


def text_of(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return a text that every database can store, shortened, with addresses disarmed."""
    text = _URL.sub(lambda match: address_of(match[0]), _UNSTORABLE.sub("�", text))
    if len(text) <= longest:
        return text
    mark = f"… ({len(text):,} characters, {_fingerprint(text)})"
    return text[: longest - len(mark)] + mark


def address_of(url: str) -> str:
    """Return the host of an address, and a fingerprint of the rest, which often holds a token."""
    try:
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return f"(address {_fingerprint(url)})"
    return f"{host}/… ({_fingerprint(url)})"


def _fingerprint(text: str) -> str:
    stored = text.encode(errors="replace")
    return salted_hmac(f"{_SALT}.text", stored, algorithm="sha256").hexdigest()[:_FINGERPRINT]


def _hidden(name: str, value: Any) -> Any:
    """Hide a value by its name, and the secret call settings in it."""
    if SECRET_COLUMN.search(name):
        return HIDDEN if value else value
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if hiding.is_secret(str(key)) else _hidden(str(key), part)
            for key, part in value.items()
        }
    return value


def _shown(column: Field[Any, Any] | None, value: Any) -> Any:
    """Return the label of a choice instead of its code; other values as they are."""
    if column is not None and column.choices and isinstance(value, str):
        return dict(column.flatchoices).get(value, value)
    return value


def _plain(value: Any, *, people: bool, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping | list | tuple | set):
        return "…" if depth >= DEEPEST else _listed(value, people=people, depth=depth + 1)
    if isinstance(value, datetime):
        return clock.text_of(value)
    if isinstance(value, date | time):
        return value.isoformat()
    text = text_of(f"{value:f}" if isinstance(value, Decimal) else str(value))
    return without_numbers(text) if people else text


def _listed(value: Any, *, people: bool, depth: int) -> Any:
    more = f"{len(value) - MOST_ITEMS:,} more" if len(value) > MOST_ITEMS else ""
    if isinstance(value, Mapping):
        members = {
            text_of(str(name), longest=100): _plain(part, people=people, depth=depth)
            for name, part in islice(value.items(), MOST_ITEMS)
        }
        return members | ({"…": more} if more else {})
    items = [_plain(part, people=people, depth=depth) for part in islice(value, MOST_ITEMS)]
    return [*items, f"… {more}"] if more else items
