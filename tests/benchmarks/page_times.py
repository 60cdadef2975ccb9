"""Shared code of the list benchmarks: create many rows, request pages, and measure times.

Imported by scripts inside an installation, after Django is set up.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.db.models import Model, QuerySet
from django.test import Client, override_settings
from django.urls import path

from batchcalls.database.bulk import insert_each
from batchcalls.reporting.keyset import _write
from config.urls import urlpatterns

TIMES = 5


def number(n: int) -> str:
    """Return the n-th phone number; the numbers are not in order."""
    return f"+1{2_000_000_000 + n * 7919 % 7_999_999_993}"


def fill(model: type[Model], make: Callable[[int], dict[str, Any]], begin: int, end: int) -> None:
    """Store the rows that ``make`` returns for each number of a range."""
    fields = list(make(begin))
    for first in range(begin, end, 10_000):
        rows = (make(n) for n in range(first, min(first + 10_000, end)))
        insert_each(model, fields, [[row[name] for name in fields] for row in rows])


def analyze() -> None:
    """Update the database's statistics, as it does automatically after a while."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def milliseconds(ask: Callable[[], Any], *, before: Callable[[], Any] = lambda: None) -> float:
    """Return the median of five runs, after one to warm up; ``before`` is not timed."""
    took = []
    for _ in range(TIMES + 1):
        before()
        began = time.perf_counter()
        ask()
        took.append(1_000 * (time.perf_counter() - began))
    return statistics.median(took[1:])


class Visitor:
    """An administrator whose page requests are timed."""

    def __init__(self) -> None:
        call_command("collectstatic", interactive=False, verbosity=0)
        self.person, _ = User.objects.get_or_create(
            username="bench", is_superuser=True, is_staff=True
        )
        self.client = Client(SERVER_NAME="localhost")
        self.client.force_login(self.person)

    def open(self, address: str) -> None:
        """Request a page and read the whole response."""
        answer = self.client.get(address)
        assert answer.status_code == 200, (address, answer)

    def time(self, address: str, *, forgetting: bool = False) -> float:
        """Time a page; with ``forgetting``, clear the cached figures first."""
        before = cache.clear if forgetting else lambda: None
        return milliseconds(lambda: self.open(address), before=before)

    def time_list(
        self,
        address: str,
        rows: QuerySet[Any],
        order: Sequence[str],
        *,
        ascending: bool = False,
        size: int = 50,
    ) -> list[float]:
        """Time the first, a middle and the last page of a list."""
        found, places = rows.count(), [""]
        if found > 2 * size:
            onward = order if ascending else [f"-{name}" for name in order]
            half = rows.order_by(*onward)[found // 2 - 1]
            places = ["", f"older={_write(half, order)}", "at=oldest"]
        begin = address + ("&" if "?" in address else "?")
        times = [self.time(begin + place) for place in places]
        return times + times[:1] * (3 - len(times))

    def time_stock(self, model: type[Model], rows: QuerySet[Any], **options: Any) -> list[float]:
        """Time the first, a middle and the last page of Django's own list of the same rows."""

        def get_queryset(_self: Any, _request: Any) -> QuerySet[Any]:
            return rows.all()

        options = {"list_per_page": 50, **options, "get_queryset": get_queryset}
        stock = type("Stock", (admin.ModelAdmin,), options)(model, admin.site)
        view = admin.site.admin_view(stock.changelist_view)
        urls = ModuleType("stock_urls")
        urls.urlpatterns = [path("stock/", view), *urlpatterns]  # type: ignore[attr-defined]
        last = -(-rows.count() // options["list_per_page"])
        with override_settings(ROOT_URLCONF=urls):
            return [self.time(f"/stock/?p={page}") for page in (1, last // 2, last)]


def heading() -> None:
    """Print the column headings."""
    print(f"{'milliseconds':34} {'first':>8} {'middle':>8} {'last':>8}")


def line(name: str, times: Sequence[float], note: str = "") -> None:
    """Print the times of one list."""
    print(f"{name:34} " + " ".join(f"{ms:8.1f}" for ms in times) + f"   {note}", flush=True)


def compare(name: str, times: Sequence[float], stock: Sequence[float]) -> None:
    """Print Django's own times, and their ratios to ours."""
    ratios = ", ".join(f"{other / ms:.1f}" for ms, other in zip(times, stock, strict=True))
    line(name, stock, f"{ratios} × as long")
