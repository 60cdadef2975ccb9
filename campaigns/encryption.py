"""Encryption of secrets that the database must hold but not reveal, with `SECRET_KEY`.

These are secrets of two-step sign-in, and call settings that may hold secrets. To rotate the key,
put the former one into `SECRET_KEY_FALLBACKS`, run ``manage.py signin reencrypt``, and remove it.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

#: The name of an earlier module. Another one would make stored secrets unreadable.
_SALT = "batchcalls.access.encryption"


class Undecryptable(Exception):
    """Neither `SECRET_KEY` nor a fallback is the key that encrypted this."""


def encrypt(secret: bytes) -> str:
    """Encrypt with the current key (Fernet: AES-128-CBC with HMAC-SHA256)."""
    return _keys().encrypt(secret).decode()


def decrypt(token: str) -> bytes:
    """Return the secret. Raise `Undecryptable`."""
    try:
        return _keys().decrypt(token.encode())
    except InvalidToken as error:
        raise Undecryptable from error


def reencrypt(token: str) -> str:
    """Encrypt a secret again, with the current key. Raise `Undecryptable`."""
    try:
        return _keys().rotate(token.encode()).decode()
    except InvalidToken as error:
        raise Undecryptable from error


def _keys() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(Fernet(_key_from(secret)) for secret in secrets)


def _key_from(secret: str) -> bytes:
    digest = salted_hmac(_SALT, "key", secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest)
