"""Between the connection and the first byte: TLS, and the last question whether to send."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from batchcalls.net import http
from batchcalls.voice.errors import NotPlaced
from tests.voice.bland_account import KEY, bland, request_to
from tests.voice.carrier.process import Carrier


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that nobody has vouched for, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"]
    command += ["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=carrier"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@pytest.fixture
def tls_carrier(
    certificate: tuple[Path, Path], carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Carrier]:
    with Carrier(key=KEY, certificate=certificate[0], private_key=certificate[1]) as running:
        monkeypatch.setenv("BLAND_BASE_URL", running.url)
        yield running


def test_a_certificate_that_nobody_vouches_for_places_nothing(tls_carrier: Carrier) -> None:
    with pytest.raises(NotPlaced):
        bland().place(request_to())
    assert tls_carrier.ledger() == []


def test_a_certificate_that_the_system_trusts_is_good(
    tls_carrier: Carrier, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    assert bland().place(request_to()).provider_call_id == tls_carrier.ledger()[0]["call_id"]


def test_a_call_that_was_halted_during_the_handshake_is_not_sent(
    tls_carrier: Carrier, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    def refuse() -> None:
        raise NotPlaced("Halted.", code="halted")

    with pytest.raises(NotPlaced, match="Halted"):
        bland().place(request_to(), may_send=refuse)
    assert tls_carrier.ledger() == []
    assert bland().place(request_to()).provider_call_id == tls_carrier.ledger()[0]["call_id"]


def test_without_a_connection_nobody_is_asked_whether_to_send(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("BLAND_BASE_URL", address)
    asked: list[bool] = []
    with pytest.raises(NotPlaced):
        bland().place(request_to(), may_send=lambda: asked.append(True))
    assert asked == []


def test_a_call_that_was_halted_while_its_host_name_was_resolved_is_not_sent(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving, is_halted = threading.Event(), threading.Event()
    resolve = socket.getaddrinfo

    def resolve_slowly(*args: Any, **options: Any) -> Any:
        resolving.set()
        assert is_halted.wait(timeout=60)
        return resolve(*args, **options)

    def may_send() -> None:
        if is_halted.is_set():
            raise NotPlaced("Halted.", code="halted")

    http._client.cache_clear()  # An open connection would resolve no name.
    monkeypatch.setattr(socket, "getaddrinfo", resolve_slowly)
    provider = bland()
    with ThreadPoolExecutor(1) as pool:
        placing = pool.submit(provider.place, request_to(), may_send=may_send)
        assert resolving.wait(timeout=60)
        is_halted.set()
        with pytest.raises(NotPlaced, match="Halted"):
            placing.result()
    assert carrier.ledger() == []
