"""Files to download."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from django.utils.text import slugify

from batchcalls.api.rendering import Json
from batchcalls.reporting.exports.tables import Table
from batchcalls.reporting.exports.writing import csv_blocks


class CsvRenderer(Json):
    """Lets clients request CSV. It renders only problems, as JSON."""

    media_type = "text/csv"
    format = "csv"


def csv_of(table: Table) -> StreamingHttpResponse:
    """Stream a CSV file as it is read."""
    return StreamingHttpResponse(
        csv_blocks(table),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{slugify(table.name)}.csv"'},
    )


class SoundRenderer(CsvRenderer):
    """The same for recordings of any type."""

    media_type = "audio/*"
    format = "audio"
