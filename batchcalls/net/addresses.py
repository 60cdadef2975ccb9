"""Requests to addresses that people typed in: none of them leads into the network around us.

A host is looked up once, everything it resolves to is judged, and the connection goes to the very
address that was judged: a name that answers differently the second time gains nothing. Redirects
are the caller's to follow, each judged anew, or not at all.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection

#: What an address may hold besides letters and digits (RFC 3986); all else is percent-encoded.
_AS_IT_IS = "%/?:@!$&'()*+,;=-._~"
_PORTS = {"http": 80, "https": 443}
#: Behind these prefixes of IPv6 stands an address of IPv4, to which a translator leads.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
#: Not reachable on the internet by the IANA special-purpose registries. Python's own lists differ
#: from one patch release to the next.
_SPECIAL = [
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "64:ff9b:1::/48", "2001::/23", "3fff::/20", "5f00::/16")
]


class Refused(Exception):
    """An address that must not, or cannot, be asked; ``code`` says which of them.

    ``unreadable``, ``not_web``, ``not_found`` or ``private``; the text is for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Address:
    """One place to ask: the address was looked up and judged, the name is what was asked for."""

    scheme: str
    host: str
    port: int
    target: str
    ip: str

    @property
    def host_header(self) -> str:
        """The name, as the server there is to be told."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def pool(self, timeout: Timeout) -> HTTPConnectionPool:
        """Return connections to the judged address; close them when done. No proxy is used."""
        if self.scheme == "http":
            return HTTPConnectionPool(self.ip, self.port, timeout=timeout, maxsize=1)
        # The certificate is that of the name, not of the number that is connected to.
        return HTTPSConnectionPool(
            self.ip,
            self.port,
            timeout=timeout,
            maxsize=1,
            server_hostname=self.host,
            assert_hostname=self.host,
        )

    def connection(self, *, seconds: float) -> HTTPConnection:
        """Return a connection to the judged address, for one request; not yet connected.

        ``seconds`` bounds the wait for it, and each silence on it.
        """
        if self.scheme == "http":
            return HTTPConnection(self.ip, self.port, timeout=seconds)
        return HTTPSConnection(
            self.ip,
            self.port,
            timeout=seconds,
            server_hostname=self.host,
            ssl_context=_certificates(),
        )


@cache
def _certificates() -> ssl.SSLContext:
    """Return whom to trust; one for all connections, since reading the certificates takes long."""
    return ssl.create_default_context()


def judge(
    url: str,
    *,
    schemes: Collection[str] = ("https",),
    private: bool = False,
    named: Collection[str] = (),
) -> Address:
    """Look an address up; raise `Refused` unless all it resolves to is of the open web.

    ``private`` lets every network pass; ``named`` are hosts that may be private, and plain HTTP.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise Refused("unreadable", "The address cannot be read.") from error
    host = _in_ascii((parts.hostname or "").rstrip("."))
    is_named = host in named
    allowed = {"http", "https"} if is_named else schemes
    if parts.scheme not in allowed or not host or parts.username or parts.password:
        raise Refused("not_web", f"The address is not one of {' or '.join(sorted(allowed))}.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused("not_found", f"The host {host} cannot be found.") from error
    ips = [str(entry[4][0]) for entry in found]
    if not (private or is_named) and not all(map(is_public, ips)):
        raise Refused("private", f"The host {host} lies in a private network.")
    path, query = quote(parts.path or "/", safe=_AS_IT_IS), quote(parts.query, safe=_AS_IT_IS)
    target = f"{path}?{query}" if query else path
    return Address(parts.scheme, host, port, target, ips[0])


def _in_ascii(host: str) -> str:
    """Return a host's name as it is asked for (IDNA); raise `Refused` for one that has no such."""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError as error:
        raise Refused("unreadable", "The address has no host that can be asked for.") from error


def is_public(ip: str) -> bool:
    """Tell whether an address is of the open web, and so is any address that stands within it."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64 or address in _COMPATIBLE:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if address.is_site_local or (inner is not None and not is_public(str(inner))):
            return False
        if address in _NAT64 or address.sixtofour is not None:
            return True
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
