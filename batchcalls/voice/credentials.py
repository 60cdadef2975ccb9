"""Read credentials from the environment, under a prefix that an account may choose.

They are never stored, so read access to the database or permission to edit an account reveals
none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from environ.fileaware_mapping import FileAwareMapping

from batchcalls.voice.errors import OptionsInvalid

PREFIX = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
#: Other characters would break the HTTP header that carries the key.
_KEY = re.compile(r"[\x21-\x7e]+")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

# Read files each time, so that a replaced secret takes effect without a restart.
_environment: Any = FileAwareMapping(cache=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A provider's address and key, and the secrets that sign its webhooks.

    During a rotation, more than one secret is valid.
    """

    base_url: str
    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_loopback(self) -> bool:
        """True for a provider on this machine, reached without TLS."""
        return self.base_url.startswith("http://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable that an account reads, without its value.

    ``problem`` says why a variable that is set could not be read.
    """

    name: str
    purpose: str
    is_set: bool
    is_required: bool = False
    problem: str = ""


def read_prefix(name: str, prefix: Any) -> str:
    """Validate the option that names the credentials; raise `OptionsInvalid`."""
    if not isinstance(prefix, str) or not PREFIX.fullmatch(prefix):
        raise OptionsInvalid(
            f"Option {name} is the first part of the names of environment variables, such as "
            "BLAND: up to 40 capital letters, digits and underscores, beginning with a letter.",
            option=name,
        )
    return prefix


def variables(prefix: str) -> list[Variable]:
    """Return the variables that `read` uses and whether each is set in this process."""
    return [
        _variable(f"{prefix}_API_KEY", "the key", is_required=True),
        _variable(f"{prefix}_BASE_URL", "another address than the usual one"),
        _variable(f"{prefix}_WEBHOOK_SECRET", "signs webhooks"),
    ]


def _variable(name: str, purpose: str, *, is_required: bool = False) -> Variable:
    problem = ""
    try:
        is_set = bool(_text(name))
    except OptionsInvalid as error:
        is_set, problem = False, str(error)
    return Variable(
        name=name, purpose=purpose, is_set=is_set, is_required=is_required, problem=problem
    )


def read(prefix: str, *, default_base_url: str) -> Credentials:
    """Read ``<prefix>_API_KEY``, ``_BASE_URL`` and ``_WEBHOOK_SECRET`` (comma separated).

    Each may be given as ``…_FILE``, the path of a file. Raise `OptionsInvalid` that names the
    variable and the remedy.
    """
    key_name = f"{prefix}_API_KEY"
    api_key = _text(key_name)
    if not api_key:
        raise OptionsInvalid(
            f"{key_name} is not set. Set {key_name}, or {key_name}_FILE with the path of a file "
            "that holds the key, where web and workers run."
        )
    if not _KEY.fullmatch(api_key):
        raise OptionsInvalid(f"{key_name} holds characters that no key has: copy it again.")
    base_url = _text(f"{prefix}_BASE_URL") or default_base_url
    _check_url(f"{prefix}_BASE_URL", base_url)
    secrets = _text(f"{prefix}_WEBHOOK_SECRET").split(",")
    return Credentials(
        base_url=base_url.rstrip("/"),
        api_key=api_key,
        webhook_secrets=tuple(secret.strip() for secret in secrets if secret.strip()),
    )


def _text(name: str) -> str:
    try:
        return str(_environment.get(name, "")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionsInvalid(
            f"The file that {name}_FILE names cannot be read ({type(error).__name__}): "
            "give the path of a text file that this program may read."
        ) from None


def _check_url(name: str, value: str) -> None:
    """Refuse an invalid address, or one that would send the key unencrypted."""
    try:
        url = urlsplit(value)
        host, _ = url.hostname, url.port
    except ValueError:
        host = None
    if (
        not host
        or url.scheme not in {"http", "https"}
        or url.username is not None
        or url.password is not None
        or url.query
        or url.fragment
        or not re.fullmatch(r"[\x21-\x7e]+", value)
    ):
        raise OptionsInvalid(f"{name} must be an address such as https://api.example.com.")
    if url.scheme == "http" and host not in _LOOPBACK:
        raise OptionsInvalid(
            f"{name} must begin with https://: the key would travel in clear. "
            "Plain http is for providers on this machine only."
        )
