"""An account names its credentials and holds none; what is wrong is named with its remedy."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from batchcalls.net import http
from batchcalls.voice import credentials, registry
from batchcalls.voice.base import AccountConfig
from batchcalls.voice.bland import BlandProvider
from batchcalls.voice.errors import OptionsInvalid
from tests.voice.bland_account import KEY, SECRET, bland, placed
from tests.voice.carrier.process import Carrier


def complaint(**options: Any) -> str:
    with pytest.raises(OptionsInvalid) as raised:
        bland(**options)
    return str(raised.value)


def test_bland_is_offered_and_calls_real_people() -> None:
    assert ("bland", "Bland AI") in registry.choices()
    assert registry.PROVIDERS["bland"].dials_people


def test_it_is_built_by_its_kind(carrier: Carrier) -> None:
    assert isinstance(registry.build("bland", AccountConfig(name="A")), BlandProvider)


def test_a_missing_key_is_named(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BLAND_API_KEY")
    assert "Set BLAND_API_KEY, or BLAND_API_KEY_FILE" in complaint()


def test_an_account_may_have_credentials_of_its_own(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "ACME_2_API_KEY" in complaint(credentials="ACME_2")
    monkeypatch.setenv("ACME_2_API_KEY", KEY)
    monkeypatch.setenv("ACME_2_BASE_URL", carrier.url)
    assert placed(bland(credentials="ACME_2")).provider_call_id


def test_each_may_come_from_a_file_and_is_read_anew(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text("sk-old\n")
    monkeypatch.setenv("BLAND_API_KEY_FILE", str(file))
    bland()
    file.write_text(f"{KEY}\n")
    placed(bland())
    assert carrier.last()["headers"]["authorization"] == KEY


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "secret"
    if content:
        file.write_bytes(content)
    monkeypatch.setenv("BLAND_WEBHOOK_SECRET_FILE", str(file))
    assert "BLAND_WEBHOOK_SECRET_FILE" in complaint()


@pytest.mark.parametrize("key", ["sk with space", "sk\nnew", "schlüssel", "sk\x00"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    file = tmp_path / "key"
    file.write_text(key)
    monkeypatch.setenv("BLAND_API_KEY_FILE", str(file))
    told = complaint()
    assert "BLAND_API_KEY" in told
    assert key not in told


@pytest.mark.parametrize("name", ["bland", "", "A B", "1A", "A" * 41, "PATH/..", None, 7, "É"])
def test_the_name_of_credentials_is_checked(carrier: Carrier, name: Any) -> None:
    assert "credentials" in complaint(credentials=name)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.bland.ai",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://user@127.0.0.1",
        "https://user:secret@api.example.com",
        "https://api.example.com?x=1",
        "https://api.example.com#x",
        "ftp://127.0.0.1",
        "api.bland.ai",
        "https://",
        "https://[::1",
        "https://api.example.com:port",
        "https://api.example .com",
    ],
)
def test_the_key_is_sent_to_no_address_that_is_odd_or_in_clear(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("BLAND_BASE_URL", url)
    told = complaint()
    assert "BLAND_BASE_URL" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8001",
        "http://localhost/",
        "http://[::1]:8001",
        "https://us.api.bland.ai",
        "https://gateway.example.com/bland/",
        "",
    ],
)
def test_an_address_over_tls_or_on_this_machine_is_good(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("BLAND_BASE_URL", url)
    bland()


def test_an_address_is_no_option_of_an_account(carrier: Carrier) -> None:
    told = complaint(base_url="https://attacker.example.com")
    assert re.search(r"no option base_url; it knows credentials, .*environment", told)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("poll_seconds", 0),
        ("poll_seconds", "15"),
        ("poll_seconds", True),
        ("silence_seconds", float("nan")),
        ("absent_after_seconds", -1),
        ("connect_timeout_seconds", float("inf")),
        ("read_timeout_seconds", 601),
        ("connections", 0),
        ("connections", 2.5),
        ("connections", 1001),
    ],
)
def test_a_number_that_makes_no_sense_is_named(carrier: Carrier, name: str, value: Any) -> None:
    assert name in complaint(**{name: value})


def test_providers_that_come_and_go_share_their_connections(carrier: Carrier) -> None:
    first, second = (http.client(carrier.url, **_LIMITS) for _ in range(2))
    assert first is second
    assert http.client(carrier.url, **{**_LIMITS, "connections": 3}) is not first


def test_a_forked_process_has_connections_of_its_own(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    parents = http.client(carrier.url, **_LIMITS)
    pid = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: pid + 1)
    assert http.client(carrier.url, **_LIMITS) is not parents


_LIMITS: dict[str, Any] = {"connect_timeout": 5.0, "read_timeout": 30.0, "connections": 2}


def test_the_secret_of_webhooks_is_not_shown(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_WEBHOOK_SECRET", SECRET)
    read = credentials.read("BLAND", default_base_url="https://api.example.com")
    assert read.webhook_secrets == (SECRET,)
    assert SECRET not in repr(read)
    assert KEY not in repr(read)
