"""Parsers of single values: text, numbers, choices, URLs, phone numbers."""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from django.conf import settings

from campaigns.call_settings.types import Parser, SettingInvalid, invalid, returns

_MAX_URL_LENGTH = 2_000
_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "1", "on"), True),
    **dict.fromkeys(("false", "no", "0", "off"), False),
}
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.0*)?")
_NUMBER = re.compile(r"[+-]?([0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12})")
_PHONE = re.compile(r"\+[0-9 ().-]{4,30}")
_E164 = r"^\+[1-9][0-9]{4,14}$"
_VARIABLE = re.compile(r"\{\{[^{}]+\}\}")
_HOST = re.compile(r"\w[\w.-]*|[0-9a-f.]*:[0-9a-f:.]*")


def text(*, at_most: int) -> Parser:
    """Return a parser of non-blank text of up to ``at_most`` characters."""

    @returns({"type": "string", "minLength": 1, "maxLength": at_most})
    def parse(name: str, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise invalid(name, value, "write some text")
        stripped = value.strip()
        if len(stripped) > at_most:
            raise invalid(name, value, f"shorten it to {at_most:,} characters")
        if not is_storable(stripped):
            raise invalid(name, value, "remove the control characters from it")
        return stripped

    return parse


def is_storable(value: str) -> bool:
    """Return whether every database can store the text."""
    # PostgreSQL stores no NUL, and half a surrogate pair cannot be written as UTF-8.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return not _CONTROL_CHARACTERS.search(value)


@returns({"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^\S+$"})
def identifier(name: str, value: Any) -> str:
    """Return an ID issued by the provider; only its format can be checked here."""
    parsed: str = text(at_most=200)(name, value)
    if len(parsed.split()) > 1:
        raise invalid(name, value, "give the id as the provider shows it, without spaces")
    return parsed


@returns({"type": "string", "format": "uuid"})
def uuid_text(name: str, value: Any) -> str:
    """Return a UUID in canonical form."""
    if not isinstance(value, str) or not _UUID.fullmatch(value.strip()):
        raise invalid(name, value, "give the UUID that the provider shows")
    return value.strip().lower()


def matching(pattern: str, remedy: str, *, at_most: int = 200) -> Parser:
    """Return a parser of text that fully matches ``pattern``."""
    compiled = re.compile(pattern)

    @returns({"type": "string", "pattern": f"^{pattern}$", "maxLength": at_most})
    def parse(name: str, value: Any) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value.strip()):
            raise invalid(name, value, remedy)
        parsed: str = text(at_most=at_most)(name, value)
        return parsed

    return parse


def whole_number(low: int, high: int, unit: str = "") -> Parser:
    """Return a parser of whole numbers from ``low`` to ``high``."""
    remedy = f"give a whole number{unit and f' of {unit}'} from {low:,} to {high:,}"

    @returns({"type": "integer", "minimum": low, "maximum": high})
    def parse(name: str, value: Any) -> int:
        number = _read_number(value, _WHOLE_NUMBER)
        if number is None or number != int(number) or not low <= number <= high:
            raise invalid(name, value, remedy)
        return int(number)

    return parse


def number(low: float, high: float, unit: str = "") -> Parser:
    """Return a parser of numbers from ``low`` to ``high``; whole numbers become int."""
    remedy = f"give a number{unit and f' of {unit}'} from {low:,} to {high:,}"

    @returns({"type": "number", "minimum": low, "maximum": high})
    def parse(name: str, value: Any) -> float:
        number = _read_number(value, _NUMBER)
        if number is None or not low <= number <= high:
            raise invalid(name, value, remedy)
        return int(number) if number == int(number) else number

    return parse


def _read_number(value: Any, pattern: re.Pattern[str]) -> float | None:
    # True is an int in Python but not a number to people.
    if isinstance(value, str) and pattern.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


@returns({"type": "boolean"})
def boolean(name: str, value: Any) -> bool:
    """Return a boolean; a CSV cell may spell it in several ways."""
    parsed = _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(parsed, bool):
        raise invalid(name, value, "write true or false")
    return parsed


def choice(*options: str) -> Parser:
    """Return a parser that accepts one of the options, ignoring case."""
    by_folded = {option.casefold(): option for option in options}
    listed = ", ".join(options)

    @returns({"type": "string", "enum": [*options]})
    def parse(name: str, value: Any) -> str:
        option = by_folded.get(value.strip().casefold()) if isinstance(value, str) else None
        if option is None:
            raise invalid(name, value, f"choose one of {listed}")
        return option

    return parse


def choice_or_null(*options: str) -> Parser:
    """Return a parser that accepts one of the options or null (in a CSV cell, the word "null")."""
    chosen = choice(*options, "null")

    @returns({"type": "string", "enum": [*options, None], "nullable": True})
    def parse(name: str, value: Any) -> str | None:
        option: str = "null" if value is None else chosen(name, value)
        return None if option == "null" else option

    return parse


def integer_or_word(low: int, high: int, *words: str) -> Parser:
    """Return a parser of whole numbers from ``low`` to ``high`` or one of the words."""
    remedy = f"give a whole number from {low:,} to {high:,}, {' or '.join(words)}"
    parsers = (whole_number(low, high), choice(*words))

    @returns({"oneOf": [dict(parser.schema) for parser in parsers]})
    def parse(name: str, value: Any) -> int | str:
        for parser in parsers:
            try:
                parsed: int | str = parser(name, value)
            except SettingInvalid:
                continue
            return parsed
        raise invalid(name, value, remedy)

    return parse


def _url_schema(*schemes: str) -> dict[str, Any]:
    pattern = f"^({'|'.join(schemes)})://"
    return {"type": "string", "format": "uri", "pattern": pattern, "maxLength": _MAX_URL_LENGTH}


def url(*schemes: str) -> Parser:
    """Return a parser of URLs with a host and without credentials."""
    remedy = f"give a full address that begins with {' or '.join(f'{s}://' for s in schemes)}"

    @returns(_url_schema(*schemes))
    def parse(name: str, value: Any) -> str:
        try:
            stripped: str = text(at_most=_MAX_URL_LENGTH)(name, value)
            parts = urlsplit(stripped)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise _invalid_url(name, value, remedy) from None
        if "@" in parts.netloc:
            raise SettingInvalid(name, "remove the user name and password from the address")
        if parts.scheme not in schemes or not _HOST.fullmatch(host) or re.search(r"\s", stripped):
            raise _invalid_url(name, value, remedy)
        return f"{parts.scheme}{stripped[len(parts.scheme) :]}"

    return parse


@returns(_url_schema("https", "http"))
def webhook_url(name: str, value: Any) -> str:
    """Return an HTTPS URL; hosts listed in the installation's settings may use plain HTTP."""
    host = ""
    if isinstance(value, str):
        try:
            host = urlsplit(value.strip()).hostname or ""
        except ValueError:
            host = ""
    named = host in settings.WEBHOOK_ALLOWED_HOSTS
    return str((url("https", "http") if named else url("https"))(name, value))


def _invalid_url(name: str, value: Any, remedy: str) -> SettingInvalid:
    # An error message must not show a password or a token in the query.
    if isinstance(value, str) and "@" in value:
        return SettingInvalid(name, remedy)
    return invalid(name, value.split("?")[0] if isinstance(value, str) else value, remedy)


@returns({"type": "string", "format": "phone", "pattern": _E164, "example": "+12025550123"})
def phone(name: str, value: Any) -> str:
    """Return a phone number with a country code, in E.164 format."""
    remedy = "write the number with plus and country code, such as +12025550123"
    if not isinstance(value, str) or not _PHONE.fullmatch(value.strip()):
        raise invalid(name, value, remedy)
    try:
        parsed = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        raise invalid(name, value, remedy) from None
    if not phonenumbers.is_possible_number(parsed):
        raise invalid(name, value, remedy)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@returns({"oneOf": [phone.schema, {"type": "string", "pattern": f"^{_VARIABLE.pattern}$"}]})
def phone_or_variable(name: str, value: Any) -> str:
    """Return a phone number in E.164 format, or the {{variable}} that will hold it."""
    if isinstance(value, str) and _VARIABLE.fullmatch(value.strip()):
        return value.strip()
    number: str = phone(name, value)
    return number
