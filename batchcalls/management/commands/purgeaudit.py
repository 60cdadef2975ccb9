"""Delete old audit entries: ``python manage.py purgeaudit``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from batchcalls.access import audit_purge
from batchcalls.management.audited import AuditedCommand


class Command(AuditedCommand):
    """Deletes audit entries older than AUDIT_DAYS. The purge itself stays in the log."""

    help = "Delete audit entries that are older than AUDIT_DAYS. The purge itself is an entry."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--days",
            type=int,
            default=settings.AUDIT_DAYS,
            help=f"Days to keep entries; default: AUDIT_DAYS, {settings.AUDIT_DAYS:,}.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete them, and say how many. Raise `CommandError` for too few days."""
        try:
            deleted = audit_purge.purge(options["days"])
        except audit_purge.TooYoung as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{deleted:,} audit entries deleted.")
