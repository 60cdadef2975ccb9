"""A filtered, paged list, as every list page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict

from batchcalls.reporting.filters.listing import ListFilter
from batchcalls.reporting.keyset import PAGE_SIZE, PARAMETERS, Page, page_of

ModelT = TypeVar("ModelT", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[ModelT]):
    """What the template of a list needs, except its table."""

    filter: ListFilter
    page: Page[ModelT]

    def __iter__(self) -> Any:
        return iter(self.page.rows)


def listing_of(
    request: HttpRequest,
    rows: QuerySet[ModelT],
    filter_class: type[ListFilter],
    *,
    order: Sequence[str] = ("pk",),
    ascending: bool = False,
    size: int = PAGE_SIZE,
    by_key: bool = False,
) -> Listing[ModelT]:
    """Return the page that the URL asks for."""
    narrowed = filter_class(request.GET, queryset=rows)
    # The last value of a repeated parameter counts.
    query = request.GET.dict()
    page = page_of(narrowed.qs, query, order=order, ascending=ascending, size=size, by_key=by_key)
    return Listing(filter=narrowed, page=page)


def without_place(data: QueryDict) -> str:
    """Return the query string of a filter, without the page and without blanks."""
    query = data.copy()
    for name, values in data.lists():
        if name in PARAMETERS or not any(values):
            del query[name]
    return query.urlencode()
