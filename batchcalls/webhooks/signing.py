"""The secrets that sign outgoing webhooks, and the headers that they make.

No secret is stored. One is made from the installation's key and the salt of an endpoint, so a
stolen database signs nothing. Source: Standard Webhooks, and the webhook signing of the Bland API.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from django.conf import settings
from standardwebhooks import Webhook

from batchcalls.models import WebhookDelivery, WebhookEndpoint, WebhookFormat
from batchcalls.voice import signing

PREFIX = "whsec_"
BLAND_HEADER = "X-Webhook-Signature"
_PURPOSE = b"batchcalls outgoing webhook: "
#: Messages to an address that came with a batch or a row are signed by one secret for all.
_SHARED = "shared"


def secret_of(endpoint: WebhookEndpoint) -> str:
    """Return the secret that signs an endpoint's messages, as its owner is shown it."""
    return _secret(endpoint.salt)


def shared_secret() -> str:
    """Return the secret for addresses that came with a batch, a row or a call."""
    return _secret(_SHARED)


def _secret(salt: str) -> str:
    key = settings.WEBHOOK_SIGNING_KEY.encode()
    made = hmac.new(key, _PURPOSE + salt.encode(), sha256).digest()
    return PREFIX + base64.b64encode(made).decode()


def secrets_for(delivery: WebhookDelivery, *, now: datetime) -> list[str]:
    """Return the secrets that sign a message now, the current one first."""
    if delivery.endpoint is None:
        return [shared_secret()]
    return [_secret(salt) for salt in delivery.endpoint.salts(now)]


def headers(
    delivery: WebhookDelivery, *, secrets: Sequence[str], now: datetime
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers that say which message this is, and those that prove whose.

    While a secret is being replaced, both sign. The header of the Bland API has room for one
    signature: the current secret, just as it is shown, is the key of its HMAC.
    """
    at = now.astimezone(UTC)
    told = {"webhook-id": delivery.event_id, "webhook-timestamp": str(int(at.timestamp()))}
    signatures = [
        Webhook(secret).sign(msg_id=delivery.event_id, timestamp=at, data=delivery.body)
        for secret in secrets
    ]
    proof = {"webhook-signature": " ".join(signatures)}
    if delivery.format == WebhookFormat.BLAND:
        proof[BLAND_HEADER] = signing.sign(secrets[0], delivery.body.encode())
    return told, proof
