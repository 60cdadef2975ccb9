"""The totals of the calls that a filter of Call Logs finds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from batchcalls.models import CallResult
from campaigns.vocabulary import AnsweredBy

#: Calls that are counted for a page. Narrower filters have exact totals.
MOST_COUNTED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTotals:
    """Calls, those that a person answered, their length, and their cost by currency.

    With ``is_more``, there are more calls than were counted, and only ``calls`` is set.
    """

    calls: int
    answered: int = 0
    seconds: int = 0
    costs: dict[str, Decimal]
    is_more: bool = False


def of(calls: QuerySet[CallResult]) -> CallTotals:
    """Add up calls. The query reads a bounded number of them.

    Costs are added up by currency, which takes another query only where currencies are mixed.
    """
    some = calls.order_by()[: MOST_COUNTED + 1]
    found = some.aggregate(
        calls=Count("pk"),
        answered=Count("pk", filter=Q(answered_by=AnsweredBy.HUMAN)),
        seconds=Sum("duration_seconds"),
        cost=Sum("price"),
        first=Min("currency", filter=Q(price__isnull=False)),
        last=Max("currency", filter=Q(price__isnull=False)),
    )
    if found["calls"] > MOST_COUNTED:
        return CallTotals(calls=MOST_COUNTED, costs={}, is_more=True)
    if found["cost"] is None:
        costs = {}
    elif found["first"] == found["last"]:
        costs = {found["first"]: found["cost"]}
    else:
        priced = calls.order_by().exclude(price=None).values_list("currency")
        costs = dict(priced.annotate(cost=Sum("price")))
    return CallTotals(
        calls=found["calls"],
        answered=found["answered"],
        seconds=found["seconds"] or 0,
        costs=costs,
    )
