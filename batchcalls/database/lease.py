"""The right to work on a row alone, for a while."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Generic, Self, TypeVar
from uuid import UUID, uuid4

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

ModelT = TypeVar("ModelT", bound=Model)


class LeaseLost(Exception):
    """Another process works on the row now; what this one had begun is left to it."""


class Lease(Generic[ModelT]):
    """A lease on a row of a `models.Leased` table, as a context manager that gives it back.

    It is taken by compare-and-set and runs out by itself, so that a process that was killed keeps
    nobody waiting longer than ``seconds``.
    """

    def __init__(self, rows: QuerySet[ModelT], pk: Any, token: UUID, seconds: float) -> None:
        #: The row, as long as the lease is ours.
        self.mine = rows.filter(pk=pk, lease_token=token)
        self._seconds = seconds
        self._renewed = time.monotonic()

    @classmethod
    def acquire(cls, rows: QuerySet[ModelT], pk: Any, *, seconds: float) -> Self | None:
        """Take the lease of a row that nobody holds; None when somebody does."""
        token, now = uuid4(), timezone.now()
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        taken = rows.filter(free, pk=pk).update(
            lease_token=token, lease_until=now + timedelta(seconds=seconds)
        )
        return cls(rows, pk, token, seconds) if taken else None

    def keep(self) -> None:
        """Make sure the lease is still ours, and prolong it now and then. Raise `LeaseLost`."""
        if time.monotonic() - self._renewed < self._seconds / 4:
            if not self.mine.exists():
                raise LeaseLost
            return
        until = timezone.now() + timedelta(seconds=self._seconds)
        if not self.mine.update(lease_until=until):
            raise LeaseLost
        self._renewed = time.monotonic()

    def lock(self) -> ModelT:
        """Return the row, locked for the transaction, if it is still ours. Raise `LeaseLost`."""
        # In no order: one that follows a relation would lock the row behind it too.
        row = self.mine.order_by().select_for_update(no_key=True).first()
        if row is None:
            raise LeaseLost
        return row

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.mine.update(lease_token=None, lease_until=None)
