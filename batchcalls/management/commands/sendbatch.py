"""Runs a whole batch in one command: a CSV file becomes calls and results."""

from __future__ import annotations

import json
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from batchcalls import tasks
from batchcalls.access import audit
from batchcalls.batches import lifecycle
from batchcalls.calling import ticks
from batchcalls.database import disks
from batchcalls.intake import file_formats
from batchcalls.lists.mapping import Target
from batchcalls.management import batch_report, rule_options
from batchcalls.management.audited import AuditedCommand
from batchcalls.management.csv_file import check_writable, write_csv_file
from batchcalls.management.draft_options import USAGE, Refused, draft_of
from batchcalls.management.preparing import prepare_database
from batchcalls.models import AuditAction, Batch, EmergencyStop, StoredList
from batchcalls.reporting.exports import batch_tables
from batchcalls.reporting.exports.tables import Table
from batchcalls.states import BATCH_ACTIVE, BATCH_IMPORTING, BATCH_RESUMABLE, BatchStatus
from batchcalls.webhooks import deliver
from campaigns.call_settings import DateOrder
from campaigns.number_writing import Written
from campaigns.vocabulary import PURPOSES_IN_WORDS, Purpose

#: How often to look at the batch, and how long to import or to wait before looking again.
LOOK_SECONDS = 0.4
#: How long to send the batch's webhooks at the end.
WEBHOOK_SECONDS = 15.0
RECOVER_SECONDS = 10.0

EXIT_STATUS = {
    BatchStatus.COMPLETED: 0,
    BatchStatus.READY: 0,
    BatchStatus.COMPLETED_PARTIAL: 3,
}
FAILED, INTERRUPTED = 1, 130


class Command(AuditedCommand):
    """Import a list, validate it, call everyone on it, and print the results."""

    help = (
        "Send a batch of calls to the recipients in a CSV file. Exit status: 0 completed, "
        "3 completed partial, 1 failed, 2 usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("file", nargs="?", metavar="FILE", help="The list: CSV with a header.")
        parser.add_argument("--name", default="", help="Name of the batch; default: the file's.")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--campaign", default="", help="Name of a saved campaign.")
        what.add_argument(
            "--prompt", default="", help="Instructions for the agent; {{column}} is replaced."
        )
        parser.add_argument(
            "--purpose",
            default="",
            choices=list(Purpose),
            metavar="|".join(Purpose),
            help="Why people are called; default: the campaign's. Without a campaign it is "
            f"required if the account calls real phones. {PURPOSES_IN_WORDS}",
        )
        rule_options.add_options(parser)
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="COLUMN=TARGET",
            help="What a column becomes: phone_number[.2], request_data[.NAME], "
            "trusted_text[.NAME], metadata[.NAME], postcode[.NAME], state[.NAME], consent, "
            "consent_type, consent_date, consent_source, consent_evidence, opt_out, ignore, or a "
            "call setting. COLUMN is a header or #3 for the third column. Repeatable.",
        )
        parser.add_argument(
            "--map-all",
            choices=[Target.REQUEST_DATA],
            help="Make every other column a variable.",
        )
        parser.add_argument(
            "--region",
            default="",
            help=f"Country of numbers without country code; default: {settings.DEFAULT_REGION}.",
        )
        parser.add_argument(
            "--numbers-written",
            default="",
            choices=list(Written),
            help="How numbers without + are written; default: decided by the whole list.",
        )
        parser.add_argument("--encoding", default="", help="Of a text file; default: detected.")
        parser.add_argument(
            "--delimiter",
            default="",
            help="comma, semicolon, tab or pipe; default: detected.",
        )
        parser.add_argument("--sheet", default="", help="Of a workbook; default: the first.")
        parser.add_argument(
            "--dates",
            default="",
            choices=["", *DateOrder],
            metavar="|".join(DateOrder),
            help="Order of day, month and year in start times; default: detected from all of them.",
        )
        parser.add_argument(
            "--header-row",
            type=int,
            default=0,
            metavar="N",
            help="Row with the names of the columns; default: the first row with text.",
        )
        parser.add_argument(
            "--include-hidden",
            action="store_true",
            help="Read the hidden rows and columns of a workbook too.",
        )
        parser.add_argument("--account", default="simulator", help="Voice account to call with.")
        parser.add_argument(
            "--as",
            dest="actor",
            default="",
            metavar="USER",
            help="Send the batch as this user, who needs the permissions for it; default: with "
            "all permissions.",
        )
        parser.add_argument("--start-at", default="", metavar="ISO", help="Call no earlier.")
        parser.add_argument("--cps", type=float, metavar="N", help="Calls to start each second.")
        parser.add_argument("--concurrency", type=int, metavar="N", help="Concurrent calls.")
        parser.add_argument(
            "--budget",
            metavar="AMOUNT",
            help="Pause before a call that could exceed this, in the account's currency.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Validate and report without calling anyone."
        )
        parser.add_argument(
            "--detach", action="store_true", help="Leave the work to a running worker."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object, only.")
        parser.add_argument(
            "--results", default="", metavar="OUT.csv", help="Write the list with its results."
        )
        parser.add_argument(
            "--rejected",
            default="",
            metavar="OUT.csv",
            help="Write the skipped rows with the reason for each, so that you can fix them.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the batch, and exit with its status."""
        # The command serves no page, and with DEBUG Django keeps every SQL statement in memory.
        settings.DEBUG = False
        if options["verbosity"] < 2:
            logging.getLogger("batchcalls").setLevel(logging.ERROR)
        batch = self._submit(options)
        interrupted = False
        for stored in filter(file_formats.is_unsure, batch.lists.all()):
            self.stderr.write(
                f"The encoding of {stored.file_name} is unclear: {stored.encoding}, or "
                f"{stored.format_details['other_encoding']}. Use --encoding to choose it."
            )
        if not options["dry_run"] and EmergencyStop.objects.in_force().exists():
            self.stderr.write(
                "All calling is stopped; the batch waits until you resume it "
                "(python manage.py stopcalls --lift)."
            )
        if not options["detach"]:
            with _interrupt() as stop:
                self._follow(batch, stop=stop, quiet=options["json"])
                # Works with or without a worker. What is not sent now waits for a worker.
                deliver.tick(seconds=WEBHOOK_SECONDS, stop=lambda: bool(stop))
                interrupted = bool(stop)
        batch.refresh_from_db()
        is_written = self._write_files(batch, options)
        if options["json"]:
            self.stdout.write(json.dumps(batch_report.as_json(batch), ensure_ascii=False))
        else:
            batch_report.write_text(batch, self.stdout, dry_run=options["dry_run"])
            if batch.status == BatchStatus.FAILED:
                self.stderr.write(f"The batch failed: {batch.reason}")
            elif batch.awaits_correction:
                self.stderr.write(f"No one was called. {batch.reason} The batch is a draft again.")
            batch_report.write_ending(batch, self.stdout)
        if _halted(batch):
            self.stderr.write(
                f"The batch is paused: {batch.reason} Fix that, then resume the batch in the back "
                "office; no one on the list is lost."
            )
        elif interrupted and not batch.is_over:
            self.stderr.write(
                "Stopped following. Calls that were not placed yet wait for a worker "
                "(python manage.py qcluster), or for you to cancel the batch in the back office."
            )
            sys.exit(INTERRUPTED)
        if not is_written:
            sys.exit(USAGE)
        if not options["detach"]:
            sys.exit(EXIT_STATUS.get(BatchStatus(batch.status), FAILED))

    def _submit(self, options: dict[str, Any]) -> Batch:
        """Store the batch and submit it, or exit and say what is wrong."""
        try:
            with disks.naming_full_disks():
                prepare_database()
                for name in filter(None, (options["results"], options["rejected"])):
                    check_writable(Path(name))
                batch = draft_of(options)
                launch = not options["dry_run"]
                lifecycle.submit(batch, launch=launch, actor=batch.created_by)
        except disks.DiskFull as error:
            message = f"{error} No one was called."
            self._refuse(message, code=error.code, status=USAGE, options=options)
        except CommandError as error:
            self._refuse(str(error), code="database_not_ready", status=FAILED, options=options)
        except Refused as error:
            self._refuse(str(error), code=error.code, status=error.exit_status, options=options)
        return batch

    def _refuse(self, message: str, *, code: str, status: int, options: dict[str, Any]) -> NoReturn:
        if options["json"]:
            self.stdout.write(json.dumps(batch_report.refusal(code, message), ensure_ascii=False))
        self.stderr.write(message)
        sys.exit(status)

    def _follow(self, batch: Batch, *, stop: list[int], quiet: bool) -> None:
        """Advance the batch, alongside any worker, until it is over. Show its progress."""
        recovered, told = time.monotonic(), ""
        looked_at = -LOOK_SECONDS
        with batch_report.progress_bar(quiet=quiet) as show:

            def is_done() -> bool:
                nonlocal looked_at
                if time.monotonic() - looked_at >= LOOK_SECONDS:
                    looked_at = time.monotonic()
                    batch.refresh_from_db()
                    show(batch)
                return bool(stop) or batch.status not in BATCH_ACTIVE or _halted(batch)

            while not is_done():
                began = time.monotonic()
                importing = batch.status in BATCH_IMPORTING
                # Calls are placed in ticks as long as a worker's: the end of each one waits for
                # the answers to its requests, so short ticks would slow the batch down.
                seconds = LOOK_SECONDS if importing else ticks.TICK_SECONDS
                tasks.step(batch, seconds=seconds, stop=is_done)
                if time.monotonic() - recovered > RECOVER_SECONDS:
                    ticks.recover()
                    recovered = time.monotonic()
                waits_for = StoredList.objects.waiting().filter(batch=batch).reason()
                if waits_for and waits_for != told:
                    self.stderr.write(waits_for)
                told = waits_for
                if waits_for or not importing:
                    # A step that finds nothing to do returns immediately.
                    time.sleep(max(0.0, LOOK_SECONDS - (time.monotonic() - began)))

    def _write_files(self, batch: Batch, options: dict[str, Any]) -> bool:
        """Write the requested files, as far as there is something to write; tell what fails."""
        wanted: list[tuple[str, Callable[[Batch], Table]]] = []
        if options["results"] and batch.is_over:
            wanted.append((options["results"], batch_tables.results))
        if options["rejected"] and batch.status not in BATCH_IMPORTING:
            wanted.append((options["rejected"], batch_tables.rejected))
        is_written = True
        for name, table in wanted:
            try:
                audit.record(AuditAction.EXPORTED, batch, note=Path(name).name)
                write_csv_file(table(batch), Path(name))
            except OSError as error:
                is_written = False
                why = disks.full_disk(error, holds=name) or error
                self.stderr.write(f"{name} was not written. {why} The batch keeps its results.")
        return is_written


def _halted(batch: Batch) -> bool:
    """Tell whether the engine paused the batch, which only a person can resume."""
    return batch.status in BATCH_RESUMABLE and bool(batch.reason_code)


@contextmanager
def _interrupt() -> Iterator[list[int]]:
    """Collect Ctrl-C and SIGTERM in a list, so that they do not interrupt a step."""
    received: list[int] = []
    handled = (signal.SIGINT, signal.SIGTERM)
    previous = {
        number: signal.signal(number, lambda signum, _: received.append(signum))
        for number in handled
    }
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
