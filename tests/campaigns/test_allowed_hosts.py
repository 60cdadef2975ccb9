"""Hosts that data of calls may go to."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from campaigns.allowed_hosts import Hosts, addresses_in, in_ascii, refused_url, validate_host

HOSTS = Hosts.of(["crm.example.com", "*.partner.example", "xn--bcher-kva.example"])


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.com",
        "https://CRM.Example.com:8443/hook?x=1",
        "https://crm.example.com./hook",
        "https://a.partner.example/",
        "https://a.b.partner.example/",
        "https://bücher.example/",
    ],
)
def test_data_may_go_to_a_host_on_the_list_however_it_is_written(url: str) -> None:
    assert HOSTS.allow(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://example.com/",
        "https://xcrm.example.com/",
        "https://crm.example.com.evil.example/",
        "https://crm.example.com@evil.example/",
        "https://evil.example/crm.example.com",
        "https://evil.example#crm.example.com",
        "https://partner.example/",
        "https://evilpartner.example/",
        # Browsers, and many programs, read a backslash as a slash.
        "https://evil.example\\.partner.example/",
        "https://evil.example%2f.partner.example/",
        "https://{{host}}.partner.example/",
        "https:///crm.example.com",
        "https://[crm.example.com",
        "crm.example.com",
        "",
    ],
)
def test_data_may_go_nowhere_else(url: str) -> None:
    assert not HOSTS.allow(url)


def test_an_empty_list_allows_no_host() -> None:
    assert not Hosts().allow("https://crm.example.com/")


def test_every_address_in_call_settings_is_looked_at() -> None:
    settings = {
        "webhook": "https://a.example/",
        "dynamic_data": [{"url": "https://b.example/", "body": {"see": "https://not.example/"}}],
        "custom_tools": [
            {"name": "t", "url": "https://e.example/", "body": {"see": "https://not.example/"}},
            {"name": "u", "url": "https://e.example/", "fallback": {"url": "https://f.example/"}},
        ],
        "guard_rails": [
            {
                "type": "custom",
                "actions": [{"type": "end_call", "config": {"u": "HTTPS://c.example"}}],
            }
        ],
        "voice_settings": {"sample": ["http://d.example/x.wav"]},
        "task": "Visit https://said.example/.",
    }
    assert dict(addresses_in(settings)) == {
        "webhook": "https://a.example/",
        "dynamic_data[0].url": "https://b.example/",
        "custom_tools[0].url": "https://e.example/",
        "custom_tools[1].url": "https://e.example/",
        "custom_tools[1].fallback.url": "https://f.example/",
        "guard_rails[0].actions[0].config.u": "HTTPS://c.example",
        "voice_settings.sample[0]": "http://d.example/x.wav",
    }


def test_a_refusal_names_the_place_the_host_and_the_remedy() -> None:
    why = refused_url("https://evil.example/", HOSTS, path="dynamic_data[0].url")
    assert why
    assert why.message == (
        "dynamic_data[0].url: data of calls may not be sent to evil.example. Use a webhook "
        "endpoint, or ask a manager to add the host under Allowed hosts."
    )


@pytest.mark.parametrize("host", ["crm.example.com", "*.example.com", "a-b.example", "10.0.0.5"])
def test_a_host_is_listed_by_its_name(host: str) -> None:
    validate_host(in_ascii(host.upper()))


@pytest.mark.parametrize(
    "host", ["", "*", "*.com", "https://crm.example.com", "crm.example.com/x", "a b.com", "com"]
)
def test_what_is_no_name_of_a_host_is_not_listed(host: str) -> None:
    with pytest.raises(ValidationError, match="Write a host name"):
        validate_host(host)
