"""The columns of a list that are about consent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from batchcalls.lists.mapping import CONSENT_DETAILS, ListMapping, Target
from campaigns.consent_record import ConsentCells


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentColumns:
    """The position of each column, or None."""

    consent: int | None
    kind: int | None
    dated: int | None
    source: int | None
    evidence: tuple[int, ...]

    @classmethod
    def of(cls, mapping: ListMapping) -> Self | None:
        """Return the columns of a list, or None if it has none."""
        if not mapping.positions_of(Target.CONSENT, *CONSENT_DETAILS):
            return None
        return cls(
            consent=mapping.position_of(Target.CONSENT),
            kind=mapping.position_of(Target.CONSENT_TYPE),
            dated=mapping.position_of(Target.CONSENT_DATE),
            source=mapping.position_of(Target.CONSENT_SOURCE),
            evidence=mapping.positions_of(Target.CONSENT_EVIDENCE),
        )

    def read(self, cells: Sequence[str]) -> ConsentCells:
        """Return the cells of a row."""
        kind, dated, source = (
            "" if position is None else cells[position]
            for position in (self.kind, self.dated, self.source)
        )
        return ConsentCells(
            consent=None if self.consent is None else cells[self.consent],
            kind=kind,
            dated=dated,
            source=source,
            evidence=[cells[position] for position in self.evidence],
        )
