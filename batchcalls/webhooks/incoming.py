"""Check the signatures of incoming webhooks (Standard Webhooks)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

#: How far a message's time may be from ours.
WINDOW = timedelta(minutes=5)
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_SECONDS = re.compile(r"\d{1,11}", re.ASCII)


class SignatureRefused(Exception):
    """The message is not certainly the sender's, or it is too old."""


def check_signature(
    headers: Mapping[str, str], body: str, *, secrets: Sequence[str], now: datetime
) -> str:
    """Return the ID of a message that one of the secrets signed. Raise `SignatureRefused`.

    A message whose time is more than five minutes from ``now`` (aware) is refused, so that a
    recorded one cannot be sent again later.
    """
    missing = [name for name in (ID, TIMESTAMP, SIGNATURE) if not headers.get(name)]
    if missing:
        raise SignatureRefused(f"The header {missing[0]} is missing. Sign each message.")
    message_id, seconds = headers[ID], headers[TIMESTAMP]
    if not _SECONDS.fullmatch(seconds):
        raise SignatureRefused(f"{TIMESTAMP} is not a Unix time in seconds.")
    at = datetime.fromtimestamp(int(seconds), UTC)
    signatures = headers[SIGNATURE].split()
    expected = [
        Webhook(secret).sign(msg_id=message_id, timestamp=at, data=body) for secret in secrets
    ]
    if not any(
        hmac.compare_digest(one.encode(), other.encode())
        for one in signatures
        for other in expected
    ):
        raise SignatureRefused(
            "The signature does not match. Sign the exact bytes of the body with the secret on the "
            "page of this source."
        )
    if abs(now - at) > WINDOW:
        raise SignatureRefused(
            f"{TIMESTAMP} is more than 5 minutes from our clock ({now:%Y-%m-%d %H:%M:%S} UTC). "
            "Set your clock, and sign each attempt again."
        )
    return message_id
