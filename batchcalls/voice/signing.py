"""Signatures of webhooks: hex HMAC-SHA256 over the raw body. Source: Bland, webhook signing."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256


def sign(secret: str, body: bytes) -> str:
    """Return the signature of a body, in lower-case hex."""
    return hmac.new(secret.encode(), body, sha256).hexdigest()


def is_signed(body: bytes, signature: str, *, secrets: Sequence[str]) -> bool:
    """Return whether one of the secrets made the signature; False without secrets.

    The time taken reveals neither how much of a signature is right nor which secret made it.
    """
    # Anything other than hex digits becomes bytes that match nothing.
    given = signature.strip().lower().encode("ascii", "replace")
    matches = [hmac.compare_digest(given, sign(secret, body).encode()) for secret in secrets]
    return any(matches)
