"""The audit log: the functions that change or show something protected write it themselves.

Not django-auditlog: it writes by model signals, which ``update()``, bulk and raw statements pass
by, and its rows can be changed. Not django-pghistory: it needs PostgreSQL. A table of our own
takes one insert, inside the transaction of the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Model

from batchcalls.access import audit_values, origins
from batchcalls.database import clock
from batchcalls.models import AuditAction, AuditEntry, CallResult

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LONGEST_NOTE = 500
#: What somebody was shown of a call.
TRANSCRIPT, RECORDING = "Transcript", "Recording"
name_kept = audit_values.name_kept


@dataclass(frozen=True, slots=True)
class Subject:
    """What an entry is about: a table, and a row of it, which may be gone by now."""

    model: type[Model]
    key: str = ""
    name: str = ""

    @classmethod
    def of(cls, row: Model | type[Model] | Subject) -> Subject:
        """Return the subject for a row or a table."""
        if isinstance(row, Subject):
            return row
        if not isinstance(row, Model):
            return cls(row)
        return cls(
            row.__class__, "" if row.pk is None else str(row.pk)[:64], audit_values.name_of(row)
        )


def record(
    action: AuditAction,
    about: Model | type[Model] | Subject,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    note: str = "",
    count: int | None = None,
    number: str = "",
    purged_through: int | None = None,
    actor: User | None = None,
) -> AuditEntry:
    """Add an entry about a row, or about a table.

    ``before`` and ``after`` are values by name; only those that differ are kept. ``number`` (E.164)
    is kept as a hash. ``actor`` is needed only where the origin does not tell who it is.
    """
    origin, subject = origins.current(), Subject.of(about)
    who = origin.user or actor
    said = f"{note} (manage.py {origin.command})".strip() if origin.command else note
    old, new = audit_values.difference(before or {}, after or {}, model=subject.model)
    return AuditEntry.objects.create(
        at=clock.now(),
        action=action,
        kind=audit_values.kind_of(subject.model),
        object_id=subject.key,
        object_name=subject.name,
        actor_key=who.pk if who else None,
        actor_name=(who.get_username() if who else origin.operating_user)[:150],
        door=origin.door,
        address=origin.address[:45],
        session=origin.session,
        api_key_id=origin.key.pk if origin.key else None,
        api_key_name=str(origin.key or "")[:130],
        request_id=origin.request_id,
        before=None if before is None else old,
        after=None if after is None else new,
        note=audit_values.without_numbers(audit_values.text_of(said, longest=LONGEST_NOTE)),
        count=count,
        purged_through=purged_through,
        number_hash=audit_values.hash_of_number(number) if number else "",
    )


def added(row: Model, *, note: str = "", actor: User | None = None) -> AuditEntry:
    """Add an entry about a new row, with its values."""
    after = audit_values.snapshot(row)
    return record(AuditAction.ADDED, row, before={}, after=after, note=note, actor=actor)


@contextmanager
def changing(
    row: Model, action: AuditAction = AuditAction.CHANGED, *, note: str = "", actor: Any = None
) -> Iterator[None]:
    """Add an entry about what the block changes in a row, in one transaction with it.

    The row is read before and after, so that the way it is written does not matter. A block that
    changes nothing adds no entry.
    """
    with transaction.atomic():
        before = audit_values.snapshot(row)
        yield
        after = audit_values.snapshot(row)
        if before != after:
            record(action, row, before=before, after=after, note=note, actor=actor)


@contextmanager
def deleting(row: Model, *, note: str = "", actor: User | None = None) -> Iterator[None]:
    """Add an entry about a row that the block deletes, with its last values."""
    with transaction.atomic():
        before, subject = audit_values.snapshot(row), Subject.of(row)
        yield
        record(AuditAction.DELETED, subject, before=before, after={}, note=note, actor=actor)


def viewed(calls: Iterable[CallResult], what: str = TRANSCRIPT) -> None:
    """Add an entry about the calls whose transcripts, or recordings, somebody is shown.

    Calls without a conversation add none, so that waiting for a call to end writes nothing.
    """
    shown = [call for call in calls if what != TRANSCRIPT or call.transcript]
    if len(shown) == 1:
        record(AuditAction.VIEWED, shown[0], note=what, number=shown[0].to_number)
    elif shown:
        ids = {"calls": [str(call.call_id) for call in shown]}
        record(AuditAction.VIEWED, CallResult, note=what, after=ids, count=len(shown))
