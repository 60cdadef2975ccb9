"""Exports of a batch: its results, its recipients, its rejected rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from batchcalls.database import clock
from batchcalls.intake.validation import CONSENT_REFUSED
from batchcalls.lists.headers import BEYOND_HEADER, REJECTED_REASON
from batchcalls.lists.mapping import PREFIXES, ListMapping, Target
from batchcalls.lists.rows import ROW_FORM_CODES
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.models.call_fields import Place, fields_of, names_in
from batchcalls.models.export import ExportKind
from batchcalls.reporting.exports.call_log import cells_of
from batchcalls.reporting.exports.original_rows import OriginalRows
from batchcalls.reporting.exports.tables import ROWS_AT_A_TIME, Cell, Table
from campaigns import call_settings

#: The status of a row that was never checked: its list was unusable or canceled.
NOT_TAKEN_IN = "not_taken_in"
#: The verdict on a row, followed by fields of its last call.
RESULT_COLUMNS = ["status", *names_in(Place.RESULTS)]
RECIPIENT_COLUMNS = [
    "row",
    "number",
    "raw_number",
    "phone_numbers",
    "country",
    "time_zones",
    "zones_by",
    "status",
    "outcome",
    "reason_code",
    "reason",
    "attempts",
    "start_at",
    "due_at",
    "consent",
    "consent_type",
    "consent_date",
    "consent_source",
    "consent_evidence",
]


def results(batch: Batch) -> Table:
    """Return each row of the batch's lists with its result, original columns first.

    The original cells come from the stored lists, row by row, and are joined to the recipients by
    row number. Neither is held in memory.
    """

    originals = OriginalRows(batch)

    def rows() -> Iterator[list[Cell]]:
        found = _results(batch)
        current = next(found, None)
        for row_number, cells, _ in originals:
            result = _result(NOT_TAKEN_IN, None)
            if current is not None and current[0] == row_number:
                result = current[1]
                current = next(found, None)
            yield [*cells, *result]

    header = [*originals.header, *RESULT_COLUMNS]
    return Table(name="results", header=header, rows=rows())


def rejected(batch: Batch) -> Table:
    """Return every skipped row as it was uploaded, with the reason.

    The corrected file can be uploaded to the same batch. Cells beyond the header have columns of
    their own after the reason, so that they are not lost and the row does not pass as valid.
    """
    originals = OriginalRows(batch)
    beyond = _cells_beyond(batch, originals)

    def rows() -> Iterator[list[Cell]]:
        for reason, cells, surplus in _rejected(batch, originals):
            yield [*cells, reason, *surplus, *[""] * (beyond - len(surplus))]

    more = [f"{BEYOND_HEADER}{place}" for place in range(1, beyond + 1)]
    header = [*originals.header, REJECTED_REASON, *more]
    return Table(name="rejected rows", header=header, rows=rows())


def recipients(batch: Batch) -> Table:
    """Return every recipient with its verdict, its variables, metadata and call settings."""
    names = _names(batch)

    def rows() -> Iterator[list[Cell]]:
        for chunk in _chunks(batch):
            for one in chunk:
                given = {
                    Target.REQUEST_DATA: one.request_data,
                    Target.METADATA: one.metadata,
                    Target.CALL_SETTING: call_settings.shown(one.call_settings),
                }
                yield [
                    one.row_number,
                    one.e164,
                    one.raw_number,
                    " ".join(one.all_numbers),
                    one.region,
                    one.time_zones.replace(",", " "),
                    one.zone_sources.replace(",", " "),
                    one.status,
                    one.outcome,
                    one.reason_code,
                    one.reason,
                    one.attempts,
                    clock.text_of(one.start_at) if one.start_at else "",
                    clock.text_of(one.due_at) if one.due_at else "",
                    *_consent_cells(one),
                    *(_text(given[target].get(name)) for target, name in names),
                ]

    header = [
        *RECIPIENT_COLUMNS,
        *(f"{PREFIXES[target]}{name}" for target, name in names),
    ]
    return Table(name="recipients", header=header, rows=rows())


#: The tables of a batch, by kind of export.
OF_A_BATCH: dict[ExportKind, Callable[[Batch], Table]] = {
    ExportKind.RESULTS: results,
    ExportKind.RECIPIENTS: recipients,
    ExportKind.REJECTED: rejected,
}


def _names(batch: Batch) -> list[tuple[Target, str]]:
    """Return the target and name of each mapped column of the batch's lists, without repeats."""
    named = {Target.METADATA, Target.CALL_SETTING}
    found = {
        (Target.REQUEST_DATA if column.is_variable else column.target, column.name): None
        for stored in batch.lists.order_by("row_offset")
        for column in ListMapping.from_list(stored.mapping).columns
        if column.is_variable or column.target in named
    }
    return list(found)


def _consent_cells(recipient: Recipient) -> list[Cell]:
    """Return the recorded consent in words that a list can say it in."""
    evidence, refused = recipient.consent_evidence, recipient.reason_code == CONSENT_REFUSED
    return [
        "no" if refused else "yes" if evidence.kind else "",
        evidence.kind.written,
        str(evidence.given_on or ""),
        evidence.source,
        evidence.evidence,
    ]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _chunks(batch: Batch) -> Iterator[list[Recipient]]:
    """Yield the recipients in row order, a few thousand at a time."""
    last_row = 0
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    while chunk := list(rows.filter(row_number__gt=last_row)[:ROWS_AT_A_TIME]):
        yield chunk
        last_row = chunk[-1].row_number


def _rejected(batch: Batch, originals: OriginalRows) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield the reason, cells and cells beyond the header of each skipped row.

    The cells are blank for a row whose file is gone.
    """
    rows = iter(originals)
    row_number, cells, surplus = 0, list[str](), list[str]()
    for skipped, reason in _skipped(batch):
        while row_number < skipped:
            row_number, cells, surplus = next(rows, (sys.maxsize, [], []))
        if row_number == skipped:
            yield reason, cells, surplus
        else:
            yield reason, [""] * len(originals.header), []


def _cells_beyond(batch: Batch, originals: OriginalRows) -> int:
    """Return the most cells that a skipped row has beyond its header.

    Only rows whose form is wrong can have any, so that most batches are read once only.
    """
    skipped = Recipient.objects.filter(batch=batch, reason_code__in=ROW_FORM_CODES).skipped()
    if not skipped.exists():
        return 0
    return max(len(surplus) for _, _, surplus in _rejected(batch, originals))


def _skipped(batch: Batch) -> Iterator[tuple[int, str]]:
    last_row = 0
    rows = Recipient.objects.filter(batch=batch).skipped()
    while chunk := list(
        rows.filter(row_number__gt=last_row).values_list("row_number", "reason")[:ROWS_AT_A_TIME]
    ):
        yield from chunk
        last_row = chunk[-1][0]


def _results(batch: Batch) -> Iterator[tuple[int, list[Cell]]]:
    """Yield each row number with its result, in file order."""
    columns = [one.lookup for one in fields_of(Place.RESULTS)]
    for chunk in _chunks(batch):
        calls = CallResult.objects.filter(recipient__in=[one.pk for one in chunk])
        latest = {
            call.recipient_id: call
            for call in calls.order_by("attempt").only("recipient_id", *columns)
        }
        for one in chunk:
            yield one.row_number, _result(one.status, latest.get(one.pk))


def _result(status: str, call: CallResult | None) -> list[Cell]:
    return [status, *(_cells(call) if call else [""] * len(names_in(Place.RESULTS)))]


_cells = cells_of(fields_of(Place.RESULTS))
