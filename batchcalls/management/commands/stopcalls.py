"""The emergency stop from the command line: ``python manage.py stopcalls --reason …``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from batchcalls.batches import halts
from batchcalls.management.audited import AuditedCommand
from batchcalls.models import CallResult, EmergencyStop


class Command(AuditedCommand):
    """Stops or resumes all calling, like the button in the back office."""

    help = "Stop all calling (--reason), or resume it (--lift)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--reason", metavar="WHY", help="Stop all calling; kept in the logs.")
        what.add_argument("--lift", action="store_true", help="Resume calling.")
        parser.add_argument(
            "--unreconciled",
            action="store_true",
            help="With --lift: do so although the database was restored and not reconciled.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop or resume. Raise `CommandError` if that is already the state."""
        try:
            if options["lift"]:
                self._lift(unreconciled=options["unreconciled"])
            else:
                halts.engage(None, options["reason"])
                live = CallResult.objects.live().count()
                self.stdout.write(f"All calling is stopped. Live calls that continue: {live:,}.")
        except (halts.HaltConflict, ValueError) as error:
            raise CommandError(str(error)) from error

    def _lift(self, *, unreconciled: bool) -> None:
        stop = EmergencyStop.objects.in_force().first()
        if stop is None:
            raise CommandError("Calling is not stopped.")
        halts.lift(None, stop, unreconciled=unreconciled)
        self.stdout.write("Calling resumed.")
