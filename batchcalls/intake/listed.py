"""Whether the numbers of many rows are on the do-not-call list, as an expression of a query."""

from __future__ import annotations

from django.db.models import Case, Exists, OuterRef, Value, When
from django.db.models.functions import Concat, Left, Substr
from django.db.models.lookups import Exact

from batchcalls.database.hashing import Sha256Hex
from campaigns import hashed_numbers
from campaigns.models import Suppression


def is_listed(field: str = "e164") -> Exists:
    """Return whether a row's number is listed, as itself or, if there are hashes, as a hash.

    The forms are those of `hashed_numbers.hashes_of`, beside the number itself.
    """
    number = OuterRef(field)
    forms: list[OuterRef | Concat | Case] = [number]
    if Suppression.objects.hashed().exists():
        spellings = [number, Substr(number, 2)]
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
    return Exists(Suppression.objects.filter(e164__in=forms))
