"""A webhook is believed when one of the account's secrets signed exactly these bytes."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchcalls.voice.signing import is_signed, sign

BODY = b'{"call_id":"c-1","status":"completed"}'


def test_the_signature_is_the_hex_hmac_sha256_of_the_body() -> None:
    expected = hmac.new(b"secret", BODY, "sha256").hexdigest()
    assert sign("secret", BODY) == expected
    assert is_signed(BODY, expected, secrets=["secret"])


def test_hex_digits_may_be_upper_case_and_have_space_around() -> None:
    assert is_signed(BODY, f" {sign('secret', BODY).upper()} ", secrets=["secret"])


@pytest.mark.parametrize("secrets", [["old", "new"], ["new", "old"], ["new"]])
def test_every_secret_that_is_set_is_good(secrets: list[str]) -> None:
    assert is_signed(BODY, sign("new", BODY), secrets=secrets)


def test_a_secret_that_was_replaced_is_good_no_more() -> None:
    assert not is_signed(BODY, sign("old", BODY), secrets=["new"])


def test_without_secrets_nothing_is_signed() -> None:
    assert not is_signed(BODY, sign("", BODY), secrets=[])


def test_a_body_that_was_changed_by_one_byte_is_not_signed() -> None:
    assert not is_signed(BODY + b" ", sign("secret", BODY), secrets=["secret"])


@given(st.text())
def test_whatever_is_sent_as_signature_is_only_ever_wrong(signature: str) -> None:
    assert not is_signed(BODY, signature, secrets=["secret"])
