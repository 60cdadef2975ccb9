"""Typed access to the environment. Every ``NAME`` may come as ``NAME_FILE`` (a path) instead."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

_env = environ.FileAwareEnv()

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})


def text(name: str, default: str | None = None) -> str:
    """Return stripped text; raise `ImproperlyConfigured` when it is unset without a default."""
    value = _env.str(name, default=default or "").strip()
    if not value and default is None:
        raise ImproperlyConfigured(
            f"{name} is not set. Set {name}, or {name}_FILE with the path of a file that holds it."
        )
    return str(value)


def derived(secret: str, purpose: str) -> str:
    """Return a key for one purpose, from which the secret cannot be told (RFC 2104)."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def boolean(name: str, *, default: bool) -> bool:
    """Return a yes/no setting; raise `ImproperlyConfigured` for any other word."""
    word = _env.str(name, default=str(default)).strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ImproperlyConfigured(f"{name}={word!r} is not a boolean. Use true or false.")
    return word in TRUE_WORDS


def integer(name: str, *, default: int, at_least: int = 0) -> int:
    """Return an integer; raise `ImproperlyConfigured` for anything else or too small a number."""
    word = _env.str(name, default=str(default)).strip()
    try:
        number = int(word.replace("_", ""))
    except ValueError:
        raise ImproperlyConfigured(f"{name}={word!r} is not a whole number.") from None
    if number < at_least:
        raise ImproperlyConfigured(f"{name}={number} is too small; the minimum is {at_least}.")
    return number


def days(name: str) -> int | None:
    """Return a number of days, or None if it is not set: for good."""
    return integer(name, default=1, at_least=1) if text(name, "") else None


def items(name: str, *, default: list[str]) -> list[str]:
    """Return a comma-separated list without blanks."""
    return [item.strip() for item in text(name, ",".join(default)).split(",") if item.strip()]


def choice(name: str, *, default: str, choices: tuple[str, ...]) -> str:
    """Return one of the choices; raise `ImproperlyConfigured` for anything else."""
    word = text(name, default).lower()
    if word not in choices:
        raise ImproperlyConfigured(f"{name}={word!r} is unknown. Use {', '.join(choices)}.")
    return word


def hours(name: str, *, default: str) -> list[str]:
    """Return start and end as ["08:00", "21:00"]; raise `ImproperlyConfigured` for anything else.

    The end must be after the start and may be 24:00.
    """
    word = text(name, default)
    match = re.fullmatch(r"((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d|24:00)", word)
    if match is None or match[1] >= match[2]:
        raise ImproperlyConfigured(
            f"{name}={word!r} is not a range of hours. Write it as 08:00-21:00."
        )
    return [match[1], match[2]]


def url(name: str, *, default: str, schemes: frozenset[str]) -> str:
    """Return a URL without a trailing slash; raise `ImproperlyConfigured` for another scheme."""
    value = text(name, default).rstrip("/")
    if value and urlsplit(value).scheme not in schemes:
        raise ImproperlyConfigured(f"{name} must begin with {' or '.join(sorted(schemes))}://.")
    return value


def database(name: str, *, default: str) -> dict[str, object]:
    """Return a Django database entry from a URL; raise `ImproperlyConfigured` for another kind."""
    parsed: dict[str, object] = environ.Env.db_url_config(text(name, default))
    if parsed.get("ENGINE") not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
        raise ImproperlyConfigured(f"{name} must begin with sqlite:/// or postgres://.")
    return parsed


def provision_secret_key(path: Path) -> None:
    """Create a secret key for an unconfigured copy, in a file that only its owner can read.

    Do nothing if anything about the installation is configured: a deployment that forgot its key
    must not start with a key that its other hosts do not share.
    """
    configured = {"SECRET_KEY", "SECRET_KEY_FILE", "DATABASE_URL", "DATABASE_URL_FILE"}
    debug_off = os.environ.get("DEBUG", "true").strip().lower() in FALSE_WORDS
    if debug_off or configured & os.environ.keys():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(get_random_secret_key())
        try:
            # A link is created atomically, and the first of two processes wins.
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    os.environ["SECRET_KEY_FILE"] = str(path)
