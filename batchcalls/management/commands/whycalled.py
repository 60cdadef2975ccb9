"""Explains why a number was or was not called: ``python manage.py whycalled NUMBER``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from batchcalls.management.audited import AuditedCommand
from batchcalls.models import Recipient
from batchcalls.reporting import explaining, suppression_traces
from batchcalls.reporting.explaining import Verdict
from campaigns import e164

_ANSWERS = {True: "yes", False: "NO", None: "-"}


class Command(AuditedCommand):
    """Prints what the page of a recipient shows, for every row with the number."""

    help = "Explain why a number was or was not called in the latest batches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("number", help="The number, with country code or local.")
        parser.add_argument(
            "--all", action="store_true", help="Print every decision, not only the latest."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the rows. Raise `CommandError` for an unreadable number or one without rows."""
        parsed = e164.parse(options["number"], region=settings.DEFAULT_REGION)
        if isinstance(parsed, e164.NumberProblem):
            raise CommandError(parsed.message)
        rows = suppression_traces.rows_with(parsed.e164)
        if not rows:
            latest = f"the latest {suppression_traces.BATCHES_LOOKED_AT} batches"
            raise CommandError(f"No row of {latest} has the number {parsed.e164}.")
        for row in rows:
            self._print(row, every=options["all"])

    def _print(self, row: Recipient, *, every: bool) -> None:
        status = row.get_outcome_display() or row.get_status_display()
        self.stdout.write(f"{row.batch}, row {row.row_number}: {status}. {row.reason}".rstrip())
        if not every:
            self._print_verdicts(explaining.why_not(row))
            return
        for decision in explaining.decisions_about(row):
            self.stdout.write(f"  {decision.title}")
            self._print_verdicts(decision.verdicts)

    def _print_verdicts(self, verdicts: list[Verdict]) -> None:
        for verdict in verdicts:
            self.stdout.write(f"  {_ANSWERS[verdict.allows]:>4}  {verdict.rule}: {verdict.detail}")
