"""The totals of the calls that a filter of Call Logs finds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

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
    """Add up calls in one query, which reads a bounded number of them."""
    some = calls.order_by().values("pk")[: MOST_COUNTED + 1]
    rows = (
        CallResult.objects.filter(pk__in=some)
        .order_by()
        .values_list("currency")
        .annotate(
            n=Count("pk"),
            by_people=Count("pk", filter=Q(answered_by=AnsweredBy.HUMAN)),
            length=Sum("duration_seconds"),
            cost=Sum("price"),
        )
    )
    count = answered = seconds = 0
    costs: dict[str, Decimal] = {}
    for currency, n, by_people, length, cost in rows:
        count, answered, seconds = count + n, answered + by_people, seconds + (length or 0)
        if cost is not None:
            costs[currency] = costs.get(currency, Decimal(0)) + cost
    if count > MOST_COUNTED:
        return CallTotals(calls=MOST_COUNTED, costs={}, is_more=True)
    return CallTotals(calls=count, answered=answered, seconds=seconds, costs=costs)
