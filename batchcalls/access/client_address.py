"""The IP address of a client, for logs, limits, and the audit trail.

It is that of the connection. Behind a proxy (`settings.PROXY_HOPS`), every connection is the
proxy's own, and the client's address is in the header that the proxy appends to.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings
from django_structlog.middlewares import RequestMiddleware
from structlog import contextvars

HEADER = "HTTP_X_FORWARDED_FOR"
#: One customer gets at least this much of IPv6 (RFC 6177), and can use any address of it.
IPV6_NETWORK_BITS = 64


class HasHeaders(Protocol):
    """A request: Django's or that of the REST framework."""

    @property
    def META(self) -> Mapping[str, Any]: ...


def address_of(request: HasHeaders) -> str:
    """Return the client's IP address, or a blank if there is none, as on a Unix socket.

    Each proxy appends the address that connected to it, so only the last `settings.PROXY_HOPS`
    entries of the header are those of our proxies. A client can write anything before them.
    """
    connection = _ip(str(request.META.get("REMOTE_ADDR", "")))
    if not settings.PROXY_HOPS:
        return connection
    entries = str(request.META.get(HEADER, "")).split(",")
    ours = entries[-settings.PROXY_HOPS :]
    return _ip(ours[0]) or connection


def network_of(address: str) -> str:
    """Return what limits count by: an IPv4 address, or the first address of an IPv6 /64."""
    if ":" not in address:
        return address
    return str(ipaddress.IPv6Network((address, IPV6_NETWORK_BITS), strict=False).network_address)


class RequestLogMiddleware(RequestMiddleware):
    """Binds `address_of` to each log line of a request, and not a header that anyone can send."""

    @classmethod
    def bind_ip(cls, request: HasHeaders) -> None:
        """Bind ``ip``, blank if unknown."""
        contextvars.bind_contextvars(ip=address_of(request))


def _ip(text: str) -> str:
    """Return an address in its usual form, without port or zone, or a blank if it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
