"""No address that somebody typed in leads into the network around the server."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from batchcalls.net import addresses


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:100.64.0.1", "::127.0.0.1",
        "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::", "2001::1", "4000::1",
        "192.0.0.192", "168.63.129.16", "::ffff:168.63.129.16", "64:ff9b::168.63.129.16",
        "192.0.0.8", "64:ff9b:1::a00:1", "2001:1::1", "3fff::1", "5f00::1", "::ffff:192.0.0.8",
    ],
)  # fmt: skip
def test_addresses_of_networks_around_us_are_not_public(ip: str) -> None:
    assert not addresses.is_public(ip)


@pytest.mark.parametrize("ip", ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "2002:808:808::"])
def test_addresses_of_the_open_web_are_public(ip: str) -> None:
    assert addresses.is_public(ip)


def _resolver(*answers: list[str]) -> Any:
    left = list(answers)

    def resolve(host: str, port: int, **options: Any) -> list[Any]:
        ips = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips]

    return resolve


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolver(["8.8.8.8", "10.0.0.1"]))

    with pytest.raises(addresses.Refused, match="private network"):
        addresses.judge("https://hooks.example.com/x")


def test_a_name_is_looked_up_once_and_the_judged_address_is_what_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolver(["8.8.8.8"], ["127.0.0.1"]))

    address = addresses.judge("https://hooks.example.com/x?y=1")

    assert (address.ip, address.target) == ("8.8.8.8", "/x?y=1")
    assert address.host_header == "hooks.example.com"
    with pytest.raises(addresses.Refused):  # It is the second answer that would have led inside.
        addresses.judge("https://hooks.example.com/x?y=1")


def test_only_a_named_host_may_be_private_or_plain_http() -> None:
    with pytest.raises(addresses.Refused, match="begins with https:"):
        addresses.judge("http://8.8.8.8/")
    with pytest.raises(addresses.Refused, match="private network"):
        addresses.judge("https://127.0.0.1/")
    with pytest.raises(addresses.Refused, match="private network"):
        addresses.judge("https://127.0.0.2/", named=["127.0.0.1"])

    address = addresses.judge("http://127.0.0.1:8080/", named=["127.0.0.1"])

    assert (address.ip, address.host_header) == ("127.0.0.1", "127.0.0.1:8080")


def test_an_address_in_any_script_is_asked_for_as_the_web_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolver(["8.8.8.8"]))
    address = addresses.judge("https://bücher.example/höök?name=Zoë&a=%20b")
    assert address.host == "xn--bcher-kva.example"
    assert address.target == "/h%C3%B6%C3%B6k?name=Zo%C3%AB&a=%20b"
    with pytest.raises(addresses.Refused):
        addresses.judge("https://" + "ü" * 80 + ".example/")


@pytest.mark.parametrize("port", [22, 25, 3306, 5432, 6379, 8080, 9200])
def test_a_port_that_is_no_web_server_s_needs_the_allow_list(port: int) -> None:
    with pytest.raises(addresses.Refused, match=f"uses port {port}. Use 443") as refusal:
        addresses.judge(f"https://8.8.8.8:{port}/")
    assert refusal.value.code == "port"
    with pytest.raises(addresses.Refused, match=f"uses port {port}"):
        addresses.judge(f"https://8.8.8.8:{port}/", named=["8.8.4.4"])

    assert addresses.judge(f"https://8.8.8.8:{port}/", named=["8.8.8.8"]).port == port
    assert addresses.judge(f"https://8.8.8.8:{port}/", private=True).port == port


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.slack.com/services/T0/B0/secret", "https://hooks.slack.com/…"),
        ("https://crm.example.com/?token=secret", "https://crm.example.com/…"),
        ("https://user:secret@crm.example.com:8443/#secret", "https://crm.example.com:8443/…"),
        ("https://crm.example.com/", "https://crm.example.com/"),
        ("https://crm.example.com", "https://crm.example.com"),
        ("https://[secret", "…"),
    ],
)
def test_an_address_is_masked_behind_its_host(url: str, shown: str) -> None:
    assert addresses.masked(url) == shown
