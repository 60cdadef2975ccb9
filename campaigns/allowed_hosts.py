"""Hosts that calls and batches may send data to, besides the webhook endpoints.

A webhook of one call or batch, and every other call setting with an address, needs a host on this
list. With an empty list, data goes to webhook endpoints only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.db import models

#: The error code of an address whose host is not on the list.
HOST_NOT_ALLOWED: Final = "host_not_allowed"
#: Lists of requests that the provider makes.
_REQUESTS: Final = ("dynamic_data", "custom_tools")
#: Members of such a request that lead nowhere: what is sent, and what is read of the answer.
_OF_REQUESTS: Final = frozenset(
    {
        *("url", "method", "headers", "body", "query", "cache", "response_data", "response"),
        *("name", "description", "speech", "input_schema", "timeout"),
    }
)
#: Free-form settings that might carry an address to the provider.
_FREE: Final = ("guard_rails", "voice_settings")
_ADDRESS: Final = re.compile(r"\s*https?://", re.IGNORECASE)
#: A name or an IP address, in the form in which it is compared.
_HOST: Final = re.compile(r"[a-z0-9._:-]*")
_NAME: Final = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}")


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts that are allowed: names, and endings such as “.example.com”."""

    names: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()

    @classmethod
    def of(cls, written: Iterable[str]) -> Self:
        """Return the hosts of a list; “*.example.com” stands for every name below it."""
        found = list(written)
        return cls(
            frozenset(host for host in found if not host.startswith("*.")),
            tuple(host[1:] for host in found if host.startswith("*.")),
        )

    def allow(self, url: str) -> bool:
        """Return whether data may go to an address."""
        host = host_of(url)
        return bool(host) and (host in self.names or host.endswith(self.endings))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRefused:
    """An address whose host is not on the list: where it is given, and its host."""

    path: str
    host: str
    code: str = HOST_NOT_ALLOWED

    @property
    def message(self) -> str:
        """Return what is wrong, and what to do."""
        return (
            f"{self.path}: data of calls may not be sent to {self.host or 'this address'}. Use a "
            "webhook endpoint, or ask a manager to add the host under Allowed hosts."
        )


class AllowedHostQuerySet(models.QuerySet["AllowedHost"]):
    """Allowed hosts."""

    def current(self) -> Hosts:
        """Return the hosts that are allowed now.

        Those of WEBHOOK_ALLOWED_HOSTS, which the administrator of the server names, are too.
        """
        listed = self.order_by().values_list("host", flat=True)
        return Hosts.of([*listed, *django_settings.WEBHOOK_ALLOWED_HOSTS])


def validate_host(value: str) -> None:
    """Raise `ValidationError` unless it is the name of a host, or “*.” and one."""
    if not _NAME.fullmatch(value) or value.rpartition("*.")[2].count(".") < 1:
        raise ValidationError(
            "Write a host name without https:// and path, such as crm.example.com, or "
            "*.example.com for all names below it."
        )


class AllowedHost(models.Model):
    """A host that webhooks of single calls and batches, and dynamic data, may go to."""

    host = models.CharField(
        max_length=253,
        unique=True,
        validators=[validate_host],
        help_text="For example crm.example.com, or *.example.com for all names below it.",
    )
    description = models.CharField(
        max_length=200, blank=True, help_text="What it is for, and who asked for it."
    )
    created_by = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AllowedHostQuerySet.as_manager()

    class Meta:
        ordering = ["host"]

    def __str__(self) -> str:
        return self.host

    def clean_fields(self, exclude: Any = None) -> None:
        """Write the host as it is compared: in lowercase, in its ASCII form."""
        self.host = in_ascii(self.host)
        super().clean_fields(exclude)


def addresses_in(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield where each address in canonical call settings is, and the address.

    For example ("dynamic_data[0].url", "https://crm.example.com/").
    """
    if webhook := settings.get("webhook"):
        yield "webhook", str(webhook)
    for name in _REQUESTS:
        # A sealed value has no readable address, and is never used.
        value = settings.get(name)
        for index, one in enumerate(value if isinstance(value, list) else []):
            yield f"{name}[{index}].url", str(one.get("url", ""))
            free = {member: one[member] for member in one if member not in _OF_REQUESTS}
            yield from _addresses(f"{name}[{index}]", free)
    for name in _FREE:
        if name in settings:
            yield from _addresses(name, settings[name])


def refused_url(url: str, hosts: Hosts, *, path: str) -> HostRefused | None:
    """Return why data may not go to an address that was given at ``path``, or None."""
    return None if hosts.allow(url) else HostRefused(path=path, host=host_of(url))


def host_of(url: str) -> str:
    """Return the host of an address as it is listed; a blank if it has none, or no plain one.

    Programs differ on where the host of "https://a.example\\.b.example/" ends.
    """
    try:
        host = in_ascii(urlsplit(url.strip()).hostname or "")
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""


def in_ascii(host: str) -> str:
    """Return a host name in lowercase, in its ASCII form (IDNA) if it has one."""
    name = host.strip().lower().rstrip(".")
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name


def _addresses(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and _ADDRESS.match(value):
        yield path, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _addresses(f"{path}.{name}", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _addresses(f"{path}[{index}]", item)
