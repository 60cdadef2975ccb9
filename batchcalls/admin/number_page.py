"""The page of one number: entries, reviews and calls, and all of it as a file."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from batchcalls.access.permissions import require
from batchcalls.admin import downloads
from batchcalls.database import clock
from batchcalls.keeping.person import Person
from batchcalls.reporting import suppression_traces
from batchcalls.reporting.exports import number_proof
from batchcalls.reporting.tables.do_not_call import EntriesTable
from campaigns import e164
from campaigns.models import Suppression

CALLS, REVIEWS = "batchcalls.view_callresult", "batchcalls.view_optoutreview"
ROWS = "batchcalls.view_recipient"
ROWS_SHOWN = 10


def number_view(request: HttpRequest, number: str) -> HttpResponse:
    """Show what is on record about a number, whether it is listed or not."""
    require(request.user, "campaigns.view_suppression")
    found = number_or_404(number)
    shows_calls, shows_reviews = request.user.has_perm(CALLS), request.user.has_perm(REVIEWS)
    entries = suppression_traces.entries_about(found)
    bans = Suppression.objects.bans_among([found], now=clock.now())
    context = {
        **admin.site.each_context(request),
        "title": found,
        "number": found,
        "entries": entries,
        "table": EntriesTable(entries),
        "ban": bans.on(found, None),
        "is_banned": bool(bans.entries.get(found)),
        "reviews": suppression_traces.reviews_of(found) if shows_reviews else [],
        "shows_calls": shows_calls,
        "calls": suppression_traces.calls_to(found) if shows_calls else [],
        "shows_rows": request.user.has_perm(ROWS),
        "rows": suppression_traces.rows_with(found)[:ROWS_SHOWN]
        if request.user.has_perm(ROWS)
        else [],
        "notes": suppression_traces.notes_about(found),
        "erased": Person(found).erased,
    }
    return TemplateResponse(request, "admin/campaigns/suppression/number.html", context)


def proof_view(request: HttpRequest, number: str, form: str) -> HttpResponseBase:
    """Send what is on record about a number as CSV or JSON."""
    require(request.user, "campaigns.export_suppression", "campaigns.view_suppression")
    found = number_or_404(number)
    records = number_proof.records(
        found,
        with_calls=request.user.has_perm(CALLS),
        with_reviews=request.user.has_perm(REVIEWS),
    )
    if form not in {"csv", "json"}:
        raise Http404("A proof is a .csv or a .json file.")
    downloads.note_export(Suppression, f"proof.{form}", number=found)
    if form == "csv":
        return downloads.stream(request, number_proof.as_table(found, records))
    name = f"proof-{found.removeprefix('+')}.json"
    return JsonResponse(
        number_proof.as_json(found, records, now=clock.now()),
        json_dumps_params={"indent": 2, "ensure_ascii": False},
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def number_or_404(text: str) -> str:
    """Return a number from an address in E.164. Raise `Http404` if it is none."""
    number = e164.parse(text, region=settings.DEFAULT_REGION)
    if isinstance(number, e164.NumberProblem):
        raise Http404(number.message)
    return number.e164
