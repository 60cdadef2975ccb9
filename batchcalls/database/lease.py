"""A lease: the exclusive right to work on a row for a limited time."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Generic, Self, TypeVar
from uuid import UUID, uuid4

from django.db.models import Model, Q, QuerySet

from batchcalls.database import clock

#: Leases are shorter, whatever the settings say.
LONGEST_SECONDS = 600.0

ModelT = TypeVar("ModelT", bound=Model)


class LeaseLost(Exception):
    """Another process has taken over the row and the unfinished work on it."""


class Lease(Generic[ModelT]):
    """Context manager for a lease on a row of a `models.Leased` table; releases it on exit.

    A lease is taken by compare-and-set and expires, so a killed process blocks others for at most
    ``seconds``.
    """

    def __init__(self, rows: QuerySet[ModelT], pk: Any, token: UUID, seconds: float) -> None:
        #: The row, as long as the lease is ours.
        self.mine = rows.filter(pk=pk, lease_token=token)
        self._seconds = seconds
        self._renewed = time.monotonic()
        self._ends_with_row = False

    @classmethod
    def acquire(cls, rows: QuerySet[ModelT], pk: Any, *, seconds: float) -> Self | None:
        """Take the lease of a row; return None when another process holds it."""
        token, now = uuid4(), clock.now()
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        # No holder takes a lease so far ahead: it is from before the clock was set back.
        free |= Q(lease_until__gt=now + timedelta(seconds=LONGEST_SECONDS + seconds))
        taken = rows.filter(free, pk=pk).update(
            lease_token=token, lease_until=now + timedelta(seconds=seconds)
        )
        return cls(rows, pk, token, seconds) if taken else None

    def keep(self, *, is_mine: bool = False) -> None:
        """Check that the lease is still ours, and extend it when needed. Raise `LeaseLost`.

        ``is_mine``: a query on `mine` has just checked it.
        """
        if time.monotonic() - self._renewed < self._seconds / 4:
            if not (is_mine or self.mine.exists()):
                raise LeaseLost
            return
        until = clock.now() + timedelta(seconds=self._seconds)
        if not self.mine.update(lease_until=until):
            raise LeaseLost
        self._renewed = time.monotonic()

    def get(self) -> ModelT:
        """Return the row. Raise `LeaseLost`."""
        row = self.mine.order_by().first()
        if row is None:
            raise LeaseLost
        return row

    def lock(self) -> ModelT:
        """Lock the row for the transaction and return it. Raise `LeaseLost`."""
        # Without ordering, because ordering by a relation would also lock the related row.
        row = self.mine.order_by().select_for_update(no_key=True).first()
        if row is None:
            raise LeaseLost
        return row

    def end_with(self, row: Any) -> list[str]:
        """Release the lease in the transaction that saves its locked row, not in one of its own.

        Return the names of the fields to save with the others.
        """
        row.lease_token = row.lease_until = None
        self._ends_with_row = True
        return ["lease_token", "lease_until"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *details: object) -> None:
        if error or not self._ends_with_row:
            self.mine.update(lease_token=None, lease_until=None)
