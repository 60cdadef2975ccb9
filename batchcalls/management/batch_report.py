"""How the command line shows a batch: a progress bar, text, JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth import get_user_model
from django.template.defaultfilters import pluralize
from django.urls import reverse
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from batchcalls.intake import estimate, file_formats, refusals, uploads
from batchcalls.models import Batch, ListPart, Recipient, StoredList
from batchcalls.models.querysets import Totals
from batchcalls.reporting.waiting import waiting_of
from batchcalls.states import (
    BATCH_IMPORTING,
    BATCH_RESUMABLE,
    RECIPIENT_UNFINISHED,
    BatchStatus,
)

ZONES_SHOWN = 12
FAILED_ROWS_SHOWN = 20


class Writes(Protocol):
    """A text stream, or Django's wrapper of one."""

    def write(self, text: str, /) -> object:
        """Write some text."""


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[Batch], None]]:
    """Yield a function that shows the progress of a batch on standard error."""
    columns = (
        TextColumn("[bold]{task.fields[status]:<26}"),
        BarColumn(),
        TextColumn("{task.completed:>7,}/{task.total:,}"),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda batch: None
        return
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("batch", total=0, status="", detail="")

        def show(batch: Batch) -> None:
            status = batch.get_status_display()
            if batch.status in BATCH_IMPORTING:
                parts = ListPart.objects.filter(stored_list__batch=batch)
                found, taken = parts.progress()
                waits = StoredList.objects.waiting().filter(batch=batch).reason()
                bar.update(
                    task,
                    total=found,
                    completed=taken,
                    status=status,
                    detail=waits or "rows checked",
                )
                return
            totals = Recipient.objects.totals(batch.pk)
            bar.update(
                task,
                total=totals.rows,
                completed=totals.finished,
                status=status,
                detail=_detail(batch, totals),
            )

        yield show


def _detail(batch: Batch, totals: Totals) -> str:
    parts = [f"{totals.live} live", f"{totals.waiting} waiting"]
    waiting = waiting_of([batch]).get(batch.pk)
    if waiting and waiting.code != "no_worker":  # The command itself works on the batch.
        parts.append(waiting.message)
    if batch.status in BATCH_RESUMABLE and batch.reason:
        parts.append(batch.reason)
    return ", ".join(parts)


def as_json(batch: Batch) -> dict[str, Any]:
    """Return the object that ``--json`` prints."""
    failed = batch.status == BatchStatus.FAILED or batch.awaits_correction
    return {
        "batch_id": str(batch.pk),
        "name": batch.name,
        "status": batch.status,
        "lists": [file_formats.as_json(stored) for stored in batch.lists.all()],
        "totals": Recipient.objects.totals(batch.pk).summary(),
        "skipped": [
            {
                "row": row.row_number,
                "raw_number": row.raw_number,
                "reason": row.reason_code,
                "message": row.reason,
            }
            for row in _skipped(batch)
        ],
        "dry_run": batch.dry_run or None,
        "error": {"code": batch.reason_code, "message": batch.reason} if failed else None,
    }


def refusal(code: str, message: str) -> dict[str, Any]:
    """Return the object for a refused request, without a batch."""
    return {
        "batch_id": None,
        "name": None,
        "status": None,
        "lists": [],
        "totals": Totals().summary(),
        "skipped": [],
        "dry_run": None,
        "error": {"code": code, "message": message},
    }


def _skipped(batch: Batch) -> Iterator[Recipient]:
    rows = Recipient.objects.filter(batch=batch).skipped()
    return rows.only("row_number", "raw_number", "reason_code", "reason").iterator()


def write_text(batch: Batch, out: Writes, *, dry_run: bool) -> None:
    """Write the summary, then every skipped row with its reason."""
    totals = Recipient.objects.totals(batch.pk)
    out.write(f"{batch.name}: {batch.get_status_display()}\n")
    out.write(f"  batch id      {batch.pk}\n")
    for stored in batch.lists.all():
        out.write(f"  list          {stored.file_name}: {file_formats.describe(stored)}\n")
        for offer in uploads.describe_offers(stored):
            out.write(f"  {offer}\n")
    shown = totals.summary() if batch.is_over else asdict(totals)
    for name, count in shown.items():
        out.write(f"  {name.replace('_', ' '):<12}{count:>8,}\n")
    if dry_run and batch.status == BatchStatus.READY:
        write_dry_run(batch.dry_run, out)
        out.write("No one was called. The batch is ready to launch.\n")
    _write_rows(out, "Skipped", _skipped(batch), most=None)
    if refused := refusals.count_unlisted(batch):
        numbers = f"{refused:,} number{pluralize(refused)} refused to be called. To skip"
        command = f"python manage.py donotcall --refused-in {batch.pk}"
        out.write(f"{numbers} {pluralize(refused, 'it,them')} in every batch, run: {command}\n")
    unfinished = Recipient.objects.filter(batch=batch, status__in=RECIPIENT_UNFINISHED)
    rows = unfinished.order_by("row_number").iterator()
    _write_rows(out, "Failed or unconfirmed", rows, most=FAILED_ROWS_SHOWN)


def write_ending(batch: Batch, out: Writes) -> None:
    """Write where to look at the batch, and what its exit status means if it could be mistaken."""
    page = reverse("admin:batchcalls_batch_change", args=[batch.pk])
    out.write(f"See it in the back office: {settings.PUBLIC_URL}{page}\n")
    if not get_user_model().objects.filter(is_staff=True, is_active=True).exists():
        out.write(
            "  No one can sign in yet. To create an administrator and start the back office, run: "
            "python manage.py quickstart\n"
        )
    if batch.status == BatchStatus.COMPLETED_PARTIAL:
        short = Recipient.objects.totals(batch.pk).fallen_short()
        counts = ", ".join(f"{count:,} {figure}" for figure, count in short.items())
        out.write(f"Exit status 3 means partly completed, not a failure: {counts}.\n")


def _write_rows(out: Writes, title: str, rows: Iterator[Recipient], *, most: int | None) -> None:
    for index, row in enumerate(rows):
        if index == most:
            out.write("  … and more; --results OUT.csv names them all.\n")
            return
        if index == 0:
            out.write(f"{title}:\n")
        raw = f" {row.raw_number!r}" if row.raw_number else ""
        out.write(f"  row {row.row_number}{raw}: {row.reason} [{row.reason_code}]\n")


def write_dry_run(report: dict[str, Any], out: Writes) -> None:
    """Write what a launch would do. See `dry_run.compute`."""
    later = report["later"]
    out.write("Dry run:\n")
    out.write(f"  could be called at once  {report['now']:>9,}\n")
    first = f"   first at {later['first_at']}" if later["first_at"] else ""
    out.write(f"  later                    {later['count']:>9,}{first}\n")
    for title, counts in (("never", report["never"]), ("skipped", report["skipped"])):
        for reason, rows in counts.items():
            out.write(f"  {f'{title}, {reason}':<25}{rows:>9,}\n")
    for country, rows in report["countries"].items():
        out.write(f"  {f'in {country}':<25}{rows:>9,}\n")
    for zone in report["time_zones"][:ZONES_SHOWN]:
        name = zone["zones"].replace(",", " or ") or "time zone unknown"
        out.write(f"  {zone['now']:>9,} now {zone['later']:>9,} later  {name[:60]}\n")
    for source, rows in report.get("zone_sources", {}).items():
        out.write(f"  {f'time zone by {source}':<25}{rows:>9,}\n")
    for conflict in report.get("zone_conflicts", {}).get("rows", [])[:ZONES_SHOWN]:
        out.write(f"  row {conflict['row']} {conflict['number']}: {conflict['message']}\n")
    for note in report.get("notes", []):
        out.write(f"  {note}\n")
    out.write(f"  {estimate.describe(report['estimate'])}\n")
    for assumption in report["assumptions"]:
        out.write(f"    {assumption}\n")
    for prompt in report["prompts"]:
        text = prompt["text"].replace("\n", "\n    ")
        out.write(f"  row {prompt['row']} {prompt['number']}:\n    {text}\n")
