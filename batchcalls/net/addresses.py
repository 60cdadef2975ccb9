"""Check addresses that people enter, so that no request reaches our private network.

A host is looked up once, every address it resolves to is checked, and the connection goes to a
checked address. A name that resolves differently the second time therefore gains nothing. Callers
must check each redirect again, or not follow redirects.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import quote, urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection

#: Characters besides letters and digits that are not percent-encoded (RFC 3986).
_SAFE = "%/?:@!$&'()*+,;=-._~"
_PORTS = {"http": 80, "https": 443}
#: What a name may consist of (RFC 1123); “_” is not a host's, but in use.
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", re.ASCII)
#: Ports of web servers. Others belong to databases, mail, and the like, whatever their scheme.
WEB_PORTS = frozenset({80, 443, 8443})
#: IPv6 prefixes of embedded IPv4 addresses, which a translator connects to.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
#: Not reachable on the internet by the IANA special-purpose registries, or an address at which a
#: cloud answers its own virtual machines. Python's own lists differ from one patch release to the
#: next.
_SPECIAL = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # with 192.0.0.192, Oracle's metadata of virtual machines
        "168.63.129.16/32",  # public, but answers virtual machines of Azure with their secrets
        "64:ff9b:1::/48",
        "2001::/23",
        "3fff::/20",
        "5f00::/16",
    )
]


class Refused(Exception):
    """An address that must not or cannot be requested; the message is for people.

    ``code`` is ``unreadable``, ``not_web``, ``port``, ``not_found`` or ``private``. Of these, only
    ``not_found`` may be otherwise a moment later.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address: ``ip`` is the address looked up for ``host``, blank if none was."""

    scheme: str
    host: str
    port: int
    target: str
    ip: str

    @property
    def host_header(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def pool(self, timeout: Timeout) -> HTTPConnectionPool:
        """Return a connection pool for the checked address; close it when done. Uses no proxy."""
        if self.scheme == "http":
            return HTTPConnectionPool(self.ip, self.port, timeout=timeout, maxsize=1)
        # The certificate is checked against the host name, not the IP address.
        return HTTPSConnectionPool(
            self.ip,
            self.port,
            timeout=timeout,
            maxsize=1,
            server_hostname=self.host,
            assert_hostname=self.host,
        )

    def connection(self, *, seconds: float) -> HTTPConnection:
        """Return an unopened connection to the checked address, for one request.

        ``seconds`` limits connecting and each wait for data.
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
    """Return the TLS context for all connections; loading the certificates is slow."""
    return ssl.create_default_context()


def judge(
    url: str,
    *,
    schemes: Collection[str] = ("https",),
    private: bool = False,
    named: Collection[str] = (),
) -> Address:
    """Look up and check an address; raise `Refused` unless all its IP addresses are public.

    ``private`` allows every network and port. ``named`` hosts may be private, may use plain HTTP,
    and may use any port.
    """
    address = read(url, schemes=schemes, private=private, named=named)
    try:
        results = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused("not_found", f"The host {address.host} cannot be found.") from error
    ips = [str(entry[4][0]) for entry in results]
    if not (private or address.host in named) and not all(map(is_public, ips)):
        raise Refused("private", f"The host {address.host} lies in a private network.")
    return replace(address, ip=ips[0])


def read(
    url: str,
    *,
    schemes: Collection[str] = ("https",),
    private: bool = False,
    named: Collection[str] = (),
) -> Address:
    """Check an address as `judge` does, except for what its name resolves to; ``ip`` is blank."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise Refused("unreadable", "This address cannot be read. Copy it once more.") from error
    host = _in_ascii((parts.hostname or "").rstrip("."))
    is_free = private or host in named
    allowed = {"http", "https"} if host in named else schemes
    if parts.username or parts.password:
        raise Refused("not_web", "Remove the user name and password from the address.")
    if parts.scheme not in allowed or not host:
        begin = " or ".join(f"{scheme}://" for scheme in sorted(allowed, reverse=True))
        raise Refused("not_web", f"Give a full address that begins with {begin}.")
    ip = _ip_of(host)
    if ip is None and not _HOST.fullmatch(host):
        raise Refused("unreadable", "This is no full address.")
    if ip and not is_free and not is_public(ip):
        raise Refused("private", f"The host {host} lies in a private network.")
    if port not in WEB_PORTS and not is_free:
        text = f"The address uses port {port}. Use 443, 80, or 8443, or have the host allowed."
        raise Refused("port", text)
    path, query = quote(parts.path or "/", safe=_SAFE), quote(parts.query, safe=_SAFE)
    return Address(parts.scheme, host, port, f"{path}?{query}" if query else path, ip="")


def _ip_of(host: str) -> str | None:
    """Return a host that is an IP address already, or None."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return None


def masked(url: str) -> str:
    """Return an address without what may be a token: everything behind the host."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "…"
    rest = "/…" if parts.path.strip("/") or parts.query or parts.fragment else parts.path
    return f"{parts.scheme}://{host}{rest}"


def _in_ascii(host: str) -> str:
    """Return a host name in its ASCII form (IDNA); raise `Refused` if it has none."""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError as error:
        raise Refused("unreadable", "The address has no host that can be asked for.") from error


def is_public(ip: str) -> bool:
    """Return whether an IP address is public, including any IPv4 address embedded in it."""
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
