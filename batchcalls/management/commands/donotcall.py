"""Add the numbers of a list to the do-not-call list: ``python manage.py donotcall FILE``."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.template.defaultfilters import pluralize

from batchcalls.database.disks import DiskFull, naming_full_disks
from batchcalls.intake import do_not_call, file_formats, refusals, runner
from batchcalls.intake.uploads import ReadingOptions, UploadError
from batchcalls.lists.mapping import MappingError
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.management.audited import AuditedCommand
from batchcalls.management.preparing import prepare_database
from batchcalls.models import Batch, StoredList
from batchcalls.states import ListStatus
from campaigns.number_writing import Written

PROBLEMS_SHOWN = 50
STEP_SECONDS = 5.0
#: Exit status when not every line could be read.
UNREAD_LINES = 3
#: Between looks at a list that waits for a disk.
WAIT_SECONDS = 1.0


class Command(AuditedCommand):
    """Imports the list, alongside any worker, and reports how many numbers are new."""

    help = (
        "Add the numbers of a list (CSV, XLSX, …) to the do-not-call list. Exit status: 0 all rows "
        "were read, 3 some could not be read, 1 the list cannot be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", metavar="FILE", nargs="?")
        parser.add_argument(
            "--refused-in",
            default="",
            metavar="BATCH_ID",
            help="Instead of a file: the numbers that refused to be called in a batch's lists.",
        )
        parser.add_argument("--reason", default="", help="For numbers of which the list has none.")
        parser.add_argument(
            "--map", action="append", default=[], metavar="COLUMN=phone_number", help="Repeatable."
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
        parser.add_argument("--delimiter", default="", help="Default: detected.")
        parser.add_argument("--sheet", default="", help="Of a workbook; default: the first.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object, only.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the list. Raise `CommandError` for an unusable one."""
        settings.DEBUG = False
        try:
            self._handle(options)
        except CommandError as error:
            if options["json"]:
                self._print_json({"error": {"code": _code_of(error), "message": str(error)}})
            raise

    def _handle(self, options: dict[str, Any]) -> None:
        prepare_database()
        if options["refused_in"]:
            self._suppress_refused(options["refused_in"], as_json=options["json"])
            return
        if not options["file"]:
            raise CommandError("No file was given. Name the list: donotcall FILE.")
        path = Path(options["file"])
        reading = ReadingOptions(
            region=options["region"],
            numbers_written=options["numbers_written"],
            encoding=options["encoding"],
            delimiter=options["delimiter"],
            sheet=options["sheet"],
            column_options=options["map"],
        )
        try:
            with naming_full_disks(), path.open("rb") as stream:
                stored = do_not_call.add_list(
                    stream, file_name=path.name, reading=reading, note=options["reason"]
                )
        except DiskFull as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        except (UnreadableList, MappingError, UploadError) as error:
            raise CommandError(str(error)) from error
        told = ""
        while stored.status == ListStatus.IMPORTING:
            runner.run(stored.pk, seconds=STEP_SECONDS)
            stored.refresh_from_db(fields=["status", "reason"])
            if stored.status == ListStatus.IMPORTING and stored.reason:
                if stored.reason != told:
                    self.stderr.write(stored.reason)
                time.sleep(WAIT_SECONDS)
            told = stored.reason
        if stored.status != ListStatus.IMPORTED:
            raise CommandError(stored.reason)
        if self._report(stored, as_json=options["json"]):
            sys.exit(UNREAD_LINES)

    def _suppress_refused(self, batch_id: str, *, as_json: bool) -> None:
        try:
            batch = Batch.objects.get(pk=batch_id)
        except (Batch.DoesNotExist, ValidationError) as error:
            raise CommandError(f"There is no batch {batch_id}. Check the ID.") from error
        added = refusals.suppress_refused(batch)
        if as_json:
            self._print_json({"added": added.new, "known": added.listed})
            return
        self.stdout.write(
            f"{added.new:,} number{pluralize(added.new)} new on the do-not-call list, "
            f"{added.listed:,} already on it."
        )

    def _report(self, stored: StoredList, *, as_json: bool) -> bool:
        """Say what was added, and which rows were not read; return whether there are any."""
        parts = list(stored.parts.order_by("number"))
        rows, added = sum(part.row_count for part in parts), sum(part.added for part in parts)
        problems = [problem for part in parts for problem in part.problems]
        if as_json:
            names = ("row", "raw_number", "code", "message")
            unread_rows = [dict(zip(names, problem, strict=True)) for problem in problems]
            found = {"rows": rows, "added": added, "unread": unread_rows}
            self._print_json({"list": file_formats.as_json(stored), **found})
            return bool(problems)
        self.stdout.write(f"{stored.file_name}: {file_formats.describe(stored)}")
        self.stdout.write(
            f"{rows:,} row{pluralize(rows)}, {added:,} number{pluralize(added)} new on the "
            "do-not-call list."
        )
        for row, raw, code, message in problems[:PROBLEMS_SHOWN]:
            self.stdout.write(f"  row {row} {raw!r}: {message} [{code}]")
        if len(problems) > PROBLEMS_SHOWN:
            self.stdout.write(f"  … and {len(problems) - PROBLEMS_SHOWN:,} more rows.")
        if problems:
            unread = (
                f"{len(problems):,} row{pluralize(len(problems))} could not be read completely."
            )
            self.stderr.write(f"{unread} Correct them and import them again.")
        return bool(problems)

    def _print_json(self, answer: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(answer, ensure_ascii=False))


def _code_of(error: CommandError) -> str:
    cause = error.__cause__
    if isinstance(cause, MappingError):
        return cause.problems[0].code
    return str(getattr(cause, "code", "list_unusable"))
