"""API keys: create, find, rate-limit and revoke."""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import DateTimeField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest

from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.models import ApiAllowance, ApiKey, AuditAction

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MARK = "bc_"
#: Length of the secret's beginning that is stored as plain text, to tell keys apart.
SHOWN = 10
WINDOW = timedelta(minutes=1)


@transaction.atomic
def create(
    owner: User, *, name: str, scopes: Iterable[str], expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Store a new key. Return it with its secret, which cannot be read again.

    Raise `ValidationError` for unknown scopes, and when the owner has `MAX_API_KEYS` already.
    """
    secret = MARK + secrets.token_urlsafe(32)
    key = ApiKey(
        owner=owner,
        name=name,
        prefix=secret[:SHOWN],
        digest=digest_of(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    key.full_clean(exclude=["owner"])
    # Two requests at the same time would both find room for one more.
    get_user_model()._default_manager.select_for_update().get(pk=owner.pk)
    if usable_keys_of(owner).count() >= settings.MAX_API_KEYS:
        raise ValidationError(
            f"{owner.get_username()} has {settings.MAX_API_KEYS:,} API keys, which is the most "
            "that one person may have. Revoke one that is no longer used."
        )
    key.save(force_insert=True)
    audit.added(key)
    return key, secret


def usable_keys_of(owner: User) -> QuerySet[ApiKey]:
    """Return the keys of a person that are neither revoked nor expired."""
    lasts = Q(expires_at=None) | Q(expires_at__gt=clock.now())
    return ApiKey.objects.filter(lasts, owner=owner, revoked_at=None)


def find(secret: str) -> ApiKey | None:
    """Return the usable key with this secret, with its owner, or None."""
    if not secret or len(secret) > 200:
        return None
    key = ApiKey.objects.select_related("owner").filter(digest=digest_of(secret)).first()
    return key if key is not None and key.is_usable() else None


def revoke(key: ApiKey) -> bool:
    """Revoke a key. Return False if it was already revoked."""
    found = ApiKey.objects.filter(pk=key.pk, revoked_at=None)
    with audit.changing(key, AuditAction.REVOKED):
        return bool(found.update(revoked_at=clock.now()))


def revoke_all_of(owner: User) -> int:
    """Revoke all of a person's keys. Return how many could be used until now."""
    return sum(revoke(key) for key in usable_keys_of(owner))


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The rate-limit decision on one request, and the state of the limit.

    ``of`` says whose limit it is: key or person. They may make ``limit`` requests in ``WINDOW``.
    ``remaining`` of them could follow immediately, and all of them after ``reset_seconds``.
    ``retry_after_seconds`` is None if admitted.
    """

    limit: int
    remaining: int
    reset_seconds: int
    retry_after_seconds: int | None = None
    of: str = "key"


def admit(key: ApiKey, *, now: datetime | None = None) -> Admission:
    """Count one request across all web servers, and record that the key was used.

    Both the key and the person whose key it is must have room.
    """
    now = now or clock.now()
    rows = ApiKey.objects.filter(pk=key.pk)
    limit: int = settings.API_REQUESTS_PER_MINUTE
    person, most = _allowance_of(key), settings.API_REQUESTS_PER_MINUTE_PER_PERSON
    # One transaction, because each waits for the disk.
    with transaction.atomic():
        if not _take(rows, limit, now, last_used_at=now):
            return _refusal(rows, limit, now)
        if not _take(person, most, now):
            # The first request of a person finds no row; another at the same instant may make it.
            ApiAllowance.objects.get_or_create(owner_id=key.owner_id)
            if not _take(person, most, now):
                return _refusal(person, most, now, of="person")
    # As of when the key was read. Requests at the same instant are not worth another query.
    key.full_at = max(key.full_at or now, now) + WINDOW / limit
    return _admission(key.full_at, limit, now)


def _allowance_of(key: ApiKey) -> QuerySet[ApiAllowance]:
    return ApiAllowance.objects.filter(owner=key.owner_id)


def _take(rows: QuerySet[Any], limit: int, now: datetime, **fields: datetime) -> bool:
    """Take one request from a limit, if it has room.

    This is the generic cell rate algorithm (ITU-T I.371). The row stores the time when the limit
    is fully available again, and one UPDATE both checks and takes.
    """
    interval = WINDOW / limit
    moment = Value(now, output_field=DateTimeField())
    full_at = Greatest(Coalesce(F("full_at"), moment), moment)
    has_room = Q(full_at=None) | Q(full_at__lte=now + WINDOW - interval)
    return bool(rows.filter(has_room).update(full_at=full_at + interval, **fields))


def _refusal(rows: QuerySet[Any], limit: int, now: datetime, *, of: str = "key") -> Admission:
    """Return the refusal of a request for which a limit has no room."""
    full_at = rows.values_list("full_at", flat=True).first() or now
    wait = math.ceil((full_at - now - WINDOW + WINDOW / limit).total_seconds())
    return replace(_admission(full_at, limit, now), of=of, retry_after_seconds=max(1, wait))


def _admission(full_at: datetime, limit: int, now: datetime) -> Admission:
    """Return the state of a limit that is fully available again at ``full_at``."""
    ahead = max(full_at - now, timedelta())
    return Admission(
        limit=limit,
        remaining=max(0, math.floor((WINDOW - ahead) / (WINDOW / limit) + 1e-6)),
        reset_seconds=math.ceil(ahead.total_seconds()),
    )


def digest_of(secret: str) -> str:
    """Return the stored hash of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def secret_in(header: str) -> str:
    """Return the secret of an ``Authorization`` header: bare, or after ``Bearer``."""
    kind, _, rest = header.strip().partition(" ")
    return rest.strip() if rest and kind.lower() == "bearer" else header.strip()
