"""Secrets that sign webhooks, and the signature headers of outgoing ones.

No secret is stored: each is derived from the installation's key and the endpoint's salt. A stolen
database can therefore sign nothing. Source: Standard Webhooks, and the Bland API's webhook signing.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from django.conf import settings
from standardwebhooks import Webhook

from batchcalls.models import OptOutSource, WebhookDelivery, WebhookEndpoint, WebhookFormat
from batchcalls.voice import signing

PREFIX = "whsec_"
BLAND_HEADER = "X-Webhook-Signature"
_PURPOSE = b"batchcalls outgoing webhook: "
_INCOMING = b"batchcalls opt-out source: "
#: Salt of the shared secret for addresses that came with a batch or a row.
_SHARED = "shared"


def secret_of(endpoint: WebhookEndpoint) -> str:
    """Return the secret that signs an endpoint's messages, as shown to its owner."""
    return _secret(endpoint.salt)


def shared_secret() -> str:
    """Return the secret for addresses that came with a batch, a row or a call."""
    return _secret(_SHARED)


def source_secrets(source: OptOutSource, *, now: datetime) -> list[str]:
    """Return the secrets that may sign a source's messages now, the current one first."""
    return [_secret(salt, purpose=_INCOMING) for salt in source.salts(now)]


def _secret(salt: str, *, purpose: bytes = _PURPOSE) -> str:
    key = settings.WEBHOOK_SIGNING_KEY.encode()
    digest = hmac.new(key, purpose + salt.encode(), sha256).digest()
    return PREFIX + base64.b64encode(digest).decode()


def secrets_for(delivery: WebhookDelivery, *, now: datetime) -> list[str]:
    """Return the secrets that sign a message now, the current one first."""
    if delivery.endpoint is None:
        return [shared_secret()]
    return [_secret(salt) for salt in delivery.endpoint.salts(now)]


def headers(
    delivery: WebhookDelivery, *, secrets: Sequence[str], now: datetime
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers that identify a message, and the headers that sign it.

    While a secret is being replaced, both secrets sign. The Bland API's header holds only one
    signature: an HMAC whose key is the secret exactly as shown to its owner. While a secret is
    being replaced, that is the former one: nobody can know the new one before it exists, and so a
    receiver has until the end of the replacement to accept it too.
    """
    at = now.astimezone(UTC)
    identity = {"webhook-id": delivery.event_id, "webhook-timestamp": str(int(at.timestamp()))}
    signatures = [
        Webhook(secret).sign(msg_id=delivery.event_id, timestamp=at, data=delivery.body)
        for secret in secrets
    ]
    proof = {"webhook-signature": " ".join(signatures)}
    if delivery.format == WebhookFormat.BLAND:
        proof[BLAND_HEADER] = signing.sign(secrets[-1], delivery.body.encode())
    return identity, proof
