"""Purge data that is older than its setting says: ``python manage.py purge --yes``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from batchcalls.database import clock
from batchcalls.keeping import purging
from batchcalls.management.audited import AuditedCommand


class Command(AuditedCommand):
    """Shows what is too old; with --yes, purges it until nothing is left."""

    help = (
        "Show what is older than the KEEP_… settings say. With --yes, purge it now; workers do the "
        "same automatically, a little each minute."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--yes", action="store_true", help="Purge it, and not only show it.")
        parser.add_argument("--dry-run", action="store_true", help="Only show it; the default.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what is due, by kind, and purge it if told."""
        for one in purging.due(clock.now()):
            days = "kept" if one.kind.days is None else f"{one.kind.days:,} days"
            self.stdout.write(
                f"{one.kind.label:<26} {days:>12} {one.batches:>8,} batches {one.rows:>12,} rows "
                f"{one.files:>8,} files"
            )
        if not options["yes"] or options["dry_run"]:
            self.stdout.write("Nothing was purged. Add --yes to purge it.")
            return
        for kind, count in purging.run().items():
            self.stdout.write(f"{kind}: {count:,} purged.")
