"""The same request, sent twice, does its work once.

A client names its request (header ``Idempotency-Key``, IETF draft-ietf-httpapi-idempotency-key).
The name is written in the transaction that does the work, so either both are kept or neither. A
second one that comes meanwhile waits for the first at the unique index, and gets its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from batchcalls.models import ApiKey, IdempotentRequest

#: As long as that, a name stands for the same request.
KEPT = timedelta(hours=24)


class AnotherRequest(Exception):
    """The name was given to another request before."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The Idempotency-Key {name} was used for another request in the last 24 hours. "
            "Use a new one for each request, and the same one to repeat it."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered: the status, the body as text, where the new thing is."""

    status: int
    body: str
    location: str = ""
    is_repeated: bool = False


def once(key: ApiKey, name: str, fingerprint: str, work: Callable[[], Answer]) -> Answer:
    """Do the work, or return what was answered when it was done.

    Raise `AnotherRequest`. What the work raises undoes everything and is not kept, so that the
    request can be put right and sent again.
    """
    now = timezone.now()
    mine = IdempotentRequest.objects.filter(api_key=key, name=name)
    with transaction.atomic():
        mine.filter(created_at__lt=now - KEPT).delete()
        token = uuid4()
        row = IdempotentRequest(
            api_key=key, name=name, fingerprint=fingerprint, token=token, created_at=now
        )
        IdempotentRequest.objects.bulk_create([row], ignore_conflicts=True)
        stored = mine.get()
        if stored.token == token:
            answer = work()
            mine.update(status=answer.status, body=answer.body, location=answer.location)
            return answer
    if stored.fingerprint != fingerprint:
        raise AnotherRequest(name)
    return Answer(
        status=stored.status or 200,
        body=stored.body,
        location=stored.location,
        is_repeated=True,
    )


def forget() -> int:
    """Remove what is older than it is kept; return how many."""
    old = IdempotentRequest.objects.filter(created_at__lt=timezone.now() - KEPT)
    return old.delete()[0]
