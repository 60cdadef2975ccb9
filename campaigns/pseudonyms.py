"""What stands for an erased number: the same text for the same phone, which nobody can read back.

A pseudonym begins like a number, so that every column of numbers takes it, and no number has its
second character. It is made with `settings.SECRET_KEY`: a hash without a key would be as good as
the number, because there are few numbers to try.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.utils.crypto import salted_hmac

from campaigns import same_phone

PREFIX: Final = "+~"
_SALT: Final = "batchcalls.erased"
#: Hexadecimal digits, so that a column of E.164 numbers has room.
_DIGITS: Final = 14


def pseudonym_of(e164: str) -> str:
    """Return what stands for a number from now on."""
    return _by_key(e164, settings.SECRET_KEY)


def pseudonyms_of(e164: str) -> list[str]:
    """Return what may stand for a number, by the current key and by former ones."""
    return [_by_key(e164, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def is_pseudonym(text: str) -> bool:
    """Return whether a text stands for an erased number."""
    return text.startswith(PREFIX)


def _by_key(e164: str, key: str) -> str:
    digest = salted_hmac(_SALT, same_phone.key_of(e164), secret=key, algorithm="sha256")
    return PREFIX + digest.hexdigest()[:_DIGITS]
