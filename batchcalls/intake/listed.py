"""Whether the numbers of many rows are on the do-not-call list, as an expression of a query."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When
from django.db.models.functions import Concat, Left, Substr
from django.db.models.lookups import Exact

from batchcalls.database import clock
from batchcalls.database.hashing import Sha256Hex
from batchcalls.models import Recipient
from campaigns import hashed_numbers, same_phone
from campaigns.models import Suppression


def with_bans(rows: QuerySet[Recipient], *, now: datetime) -> QuerySet[Recipient]:
    """Annotate rows with ``listed``, and with ``held`` for numbers whose opt-out is reviewed.

    They are those that the row's own batch must not call. A held number may be listed too.
    """
    number, campaign = _forms("e164"), OuterRef("batch__campaign_id")
    entries = Suppression.objects
    return rows.annotate(
        listed=entries.entries().forbidding(number=number, campaign=campaign, now=now),
        held=entries.holds().forbidding(number=number, campaign=campaign, now=now),
    )


def is_listed_for_good() -> Exists:
    """Return whether no batch may ever call a row's number."""
    entries = Suppression.objects.entries().filter(campaign=None, expires_at=None)
    return entries.forbidding(number=_forms("e164"), campaign=Value(None), now=clock.now())


def _forms(field: str) -> list[OuterRef | Concat | Case]:
    """Return a row's number and, if the list has any, its twin and `hashed_numbers.hashes_of`."""
    number = OuterRef(field)
    forms: list[OuterRef | Concat | Case] = [number]
    has_hashes = Suppression.objects.hashed().exists()
    twins = Suppression.objects.filter(e164__gte=same_phone.FIRST, e164__lt=same_phone.LAST)
    if has_hashes or twins.order_by().exists():
        forms.append(same_phone.twin_in(number))
    if has_hashes:
        spellings = [text for one in forms for text in (one, Substr(one, 2))]
        is_north_american = Exact(Left(number, 2), Value(hashed_numbers.NORTH_AMERICA))
        forms += [
            Concat(Value(hashed_numbers.PREFIX), Sha256Hex(spelling)) for spelling in spellings
        ]
        forms.append(
            Case(
                When(
                    is_north_american,
                    then=Concat(Value(hashed_numbers.PREFIX), Sha256Hex(Substr(number, 3))),
                )
            )
        )
    return forms
