"""Opt-out sources: add them, rotate their secrets, switch them off and on, take their messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import transaction

from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.models import AuditAction, OptOutMessage, OptOutSource
from batchcalls.models.webhook import new_salt

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class MessageDiffers(Exception):
    """An earlier message with the same ID had another body."""


@transaction.atomic
def create(name: str, *, actor: User | None = None) -> OptOutSource:
    """Add a source. `signing.source_secrets` returns its secret."""
    source = OptOutSource.objects.create(name=name, created_by=actor)
    audit.added(source, actor=actor)
    return source


def rotate_secret(source: OptOutSource) -> None:
    """Replace the secret. The former one is valid for another 24 hours."""
    source.former_salt, source.salt, source.rotated_at = source.salt, new_salt(), clock.now()
    with audit.changing(source, AuditAction.SECRET_ROTATED):
        source.save(update_fields=["former_salt", "salt", "rotated_at"])


def switch(source: OptOutSource, *, on: bool) -> None:
    """Take or refuse the source's messages."""
    source.enabled = on
    with audit.changing(source, AuditAction.SWITCHED_ON if on else AuditAction.SWITCHED_OFF):
        source.save(update_fields=["enabled"])


@transaction.atomic
def take_once(
    source: OptOutSource, message_id: str, *, digest: str, apply: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Apply a message and return the answer; a repeated message gets the first one's answer.

    Raise `MessageDiffers` if an earlier message with this ID had another body.
    """
    message, is_new = OptOutMessage.objects.get_or_create(
        source=source,
        message_id=message_id,
        defaults={"digest": digest, "received_at": clock.now()},
    )
    if is_new:
        message.answer = apply()
        message.save(update_fields=["answer"])
    elif message.digest != digest:
        raise MessageDiffers(
            f"The message {message_id} was received with another body. Use a new webhook-id for "
            "each message, and the same one only to repeat it."
        )
    answer: dict[str, Any] = message.answer
    return answer
