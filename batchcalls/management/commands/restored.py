"""Reconcile a restored database from the command line: ``python manage.py restored``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from batchcalls.batches import epochs
from batchcalls.calling import restored, restored_rows
from batchcalls.management.audited import AuditedCommand
from batchcalls.models import EmergencyStop


class Command(AuditedCommand):
    """Stops all calling after a restore, and finds the calls since the backup."""

    help = (
        "After restoring the database from a backup: stop all calling, and ask the providers who "
        "was called since. Places no calls; resume with: python manage.py stopcalls --lift"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--since",
            metavar="TIME",
            help="When the backup was made, such as 2026-05-01T14:00:00Z. By default, the last "
            "moment that the database knows.",
        )
        parser.add_argument(
            "--give-up",
            action="store_true",
            help="Leave the recipients of accounts that cannot be asked unconfirmed.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop and reconcile. Raise `CommandError` while an account has to be asked again."""
        since = None
        if options["since"]:
            since = parse_datetime(options["since"])
            if since is None:
                raise CommandError("--since is not a time. Write it as 2026-05-01T14:00:00Z.")
            since = since if timezone.is_aware(since) else timezone.make_aware(since)
        epochs.stop_if_back()
        stop = EmergencyStop.objects.restored().first()
        if stop is None or since:
            stop = epochs.declare_restored(since=since)
        if not stop.must_reconcile:
            raise CommandError("Already reconciled. Resume: python manage.py stopcalls --lift")
        self.stdout.write(f"{stop.reason} No one is dialed. Calls since {stop.restored_from}:")
        outcomes = restored.reconcile(stop, give_up=options["give_up"])
        for outcome in outcomes:
            self.stdout.write(f"  {outcome.text}")
        if not all(outcome.done for outcome in outcomes):
            raise CommandError("Some accounts were not reconciled. Run this command again.")
        if count := restored_rows.in_doubt().count():
            self.stdout.write(
                f"Unconfirmed recipients: {count:,}. "
                "Settle them on the page Restored from a backup."
            )
        self.stdout.write("Resume calling: python manage.py stopcalls --lift")
