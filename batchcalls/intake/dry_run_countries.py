"""Rows of a dry run that the account may not call, and how many calls its caller IDs allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from django.db.models import Count

from batchcalls.models import Batch, Recipient
from batchcalls.states import RecipientStatus
from campaigns.countries import COUNTRY_NOT_ALLOWED, KIND_NOT_ALLOWED, NO_COUNTRY, Permitted

CODES = (COUNTRY_NOT_ALLOWED, KIND_NOT_ALLOWED)
#: Countries named in a note.
_SHOWN = 8


def skipped_by_country(batch: Batch) -> Counter[str]:
    """Count the rows that were skipped because of their country or kind, by country."""
    rows = Recipient.objects.filter(
        batch=batch, status=RecipientStatus.SKIPPED, reason_code__in=CODES
    ).order_by()
    return Counter(dict(rows.values_list("region").annotate(rows=Count("pk"))))


def in_doubt(permitted: Permitted | None) -> list[str]:
    """Return the regions of which only each number can tell whether it may be called."""
    if permitted is None:
        return []
    return ["", NO_COUNTRY, *permitted.sharing_a_code()]


def refused_region(permitted: Permitted | None, region: str) -> str:
    """Return the reason code for a region that may not be called and is not in doubt, or ""."""
    return COUNTRY_NOT_ALLOWED if permitted and region not in permitted.countries else ""


def notes(batch: Batch, not_allowed: Mapping[str, int], recipients: int) -> Iterator[str]:
    """Yield what to know about countries and caller IDs.

    ``not_allowed`` counts rows by country, ``recipients`` those who will be called.
    """
    if total := sum(not_allowed.values()):
        listed = sorted(not_allowed.items(), key=lambda one: (-one[1], one[0]))
        shown = ", ".join(f"{_named(region)} {count:,}" for region, count in listed[:_SHOWN])
        more = ", …" if len(listed) > _SHOWN else ""
        rows = "1 row is in a country" if total == 1 else f"{total:,} rows are in countries"
        yield f"{rows} that this account may not call: {shown}{more}."
    yield from _on_caller_ids(batch, recipients)


def _named(region: str) -> str:
    return "no country" if region in {"", NO_COUNTRY} else region


def _on_caller_ids(batch: Batch, recipients: int) -> Iterator[str]:
    if batch.call_settings.get("from"):
        return
    caller_ids = list(batch.account.caller_ids.values_list("enabled", "daily_cap"))
    on = [cap for enabled, cap in caller_ids if enabled]
    if caller_ids and not on:
        yield (
            f"All caller IDs of {batch.account} are switched off. To place calls, switch one on."
        )
    elif on and None not in on and (most := sum(filter(None, on))) < recipients:
        yield (
            f"The caller IDs of {batch.account} may place {most:,} calls in 24 hours; the other "
            "calls wait."
        )
