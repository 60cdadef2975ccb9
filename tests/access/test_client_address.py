"""The address of a client: the connection's, or the one that our own proxy saw."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from batchcalls.access import client_address

PROXY, CLIENT = "10.0.0.1", "203.0.113.7"


def request_from(connection: str, forwarded: str | None = None) -> HttpRequest:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return RequestFactory().get("/", REMOTE_ADDR=connection, headers=headers)


@pytest.mark.parametrize(
    ("hops", "connection", "forwarded", "address"),
    [
        (0, CLIENT, "198.51.100.1", CLIENT),
        (0, "", "198.51.100.1", ""),
        (1, PROXY, CLIENT, CLIENT),
        (1, PROXY, f"198.51.100.1, {CLIENT}", CLIENT),
        (1, "", f"nonsense, {CLIENT}", CLIENT),
        (2, PROXY, f"198.51.100.1, {CLIENT}, 10.0.0.2", CLIENT),
        (2, PROXY, CLIENT, CLIENT),
        (1, PROXY, None, PROXY),
        (1, PROXY, "unknown", PROXY),
        (1, PROXY, f"{CLIENT}:4711", CLIENT),
        (1, PROXY, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, PROXY, f"::ffff:{CLIENT}", CLIENT),
        (0, "fe80::1%eth0", None, "fe80::1"),
    ],
)
def test_only_what_our_own_proxies_appended_is_believed(
    settings: Any, hops: int, connection: str, forwarded: str | None, address: str
) -> None:
    settings.PROXY_HOPS = hops
    assert client_address.address_of(request_from(connection, forwarded)) == address


def test_a_forged_header_is_not_logged() -> None:
    logged: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        logged.append(structlog.contextvars.get_contextvars()["ip"])
        return HttpResponse()

    request = request_from(CLIENT, "198.51.100.1")
    client_address.RequestLogMiddleware(view)(request)
    assert logged == [CLIENT]


def test_limits_count_a_whole_ipv6_network_as_one_address() -> None:
    assert client_address.network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::"
    assert client_address.network_of("2001:db8:1:2::9") == "2001:db8:1:2::"
    assert client_address.network_of("2001:db8:1:3::9") != "2001:db8:1:2::"
    assert client_address.network_of(CLIENT) == CLIENT
    assert client_address.network_of("") == ""
