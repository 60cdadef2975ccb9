"""Repeated requests run once.

A client names its request (header ``Idempotency-Key``, IETF draft-ietf-httpapi-idempotency-key).
The name is stored in the transaction that does the work, so either both are kept or neither. A
repeat that arrives meanwhile waits for the first at the unique index, and gets its response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

from django.db import transaction

from batchcalls.database import clock
from batchcalls.models import ApiKey, IdempotentRequest

HEADER, REPLAYED_HEADER = "Idempotency-Key", "Idempotency-Replayed"
LONGEST_NAME = 255
#: How long a name is reserved for its request.
KEPT = timedelta(hours=24)
#: Rows that `forget` deletes per statement, and per run at most.
FORGOTTEN_AT_ONCE, FORGOTTEN_PER_RUN = 1_000, 20_000


class NameRefused(Exception):
    """The request cannot use this name. The APIs respond with ``status`` and ``code``."""

    status: int
    code: str


class InvalidName(NameRefused):
    """The name is too long, or has characters that a header should not have."""

    status, code = 400, "bad_idempotency_key"

    def __init__(self) -> None:
        super().__init__(f"{HEADER} is at most {LONGEST_NAME} printable ASCII characters.")


class AnotherRequest(NameRefused):
    """The name was used for a different request before."""

    status, code = 422, "idempotency_key_reused"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The {HEADER} {name} was used for another request in the last 24 hours. "
            "Use a new one for each request, and the same one to repeat it."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response: its status, its body as text, and the URL of a new object."""

    status: int
    body: str
    location: str = ""
    is_repeated: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers for the URL of a new object, and for a repeated response."""
        location = {"Location": self.location} if self.location else {}
        return {**location, REPLAYED_HEADER: "true"} if self.is_repeated else location


def once(key: ApiKey, name: str, request: Iterable[bytes], work: Callable[[], Answer]) -> Answer:
    """Do the work, or return the response from the first time.

    ``request`` yields what identifies a request: method, URL and body. Raise `NameRefused` for a
    bad or used name. An exception in the work rolls everything back and is not stored, so the
    client can correct the request and send it again.
    """
    if len(name) > LONGEST_NAME or not name.isascii() or not name.isprintable():
        raise InvalidName
    fingerprint = _digest_of(request)
    now = clock.now()
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
    """Delete rows older than `KEPT`, oldest first. Return how many were deleted.

    Short statements keep requests from waiting. The next run deletes the remaining rows.
    """
    deleted = 0
    while deleted < FORGOTTEN_PER_RUN:
        old = IdempotentRequest.objects.filter(created_at__lt=clock.now() - KEPT)
        oldest = list(old.order_by("created_at").values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
        if not oldest:
            break
        deleted += IdempotentRequest.objects.filter(pk__in=oldest).delete()[0]
        if len(oldest) < FORGOTTEN_AT_ONCE:
            break
    return deleted


def _digest_of(request: Iterable[bytes]) -> str:
    digest = sha256()
    for part in request:
        digest.update(part)
    return digest.hexdigest()
