"""Everything about one number as an archive: ``python manage.py aboutnumber NUMBER``."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from batchcalls.access import audit
from batchcalls.database import clock
from batchcalls.database.disks import StorageAway
from batchcalls.keeping import archive
from batchcalls.keeping.person import Person
from batchcalls.management.audited import AuditedCommand
from batchcalls.management.one_number import number_of
from batchcalls.models import AuditAction, ErasedNumber


class Command(AuditedCommand):
    """Writes what the page of the number offers as a download."""

    help = "Write everything that is stored about a number to an archive (ZIP)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("number", help="The number, with country code or local.")
        parser.add_argument("--output", metavar="FILE", help="Default: number-DIGITS.zip.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the archive. Raise `CommandError` for an unreadable number or an existing file."""
        number = number_of(options["number"])
        path = Path(options["output"] or f"number-{number.removeprefix('+')}.zip")
        audit.record(AuditAction.EXPORTED, ErasedNumber, note="Archive of a number", number=number)
        try:
            with path.open("xb") as out:
                path.chmod(0o600)
                counts = archive.write(Person(number), out, now=clock.now())
        except FileExistsError as error:
            raise CommandError(f"{path} already exists. Choose another file.") from error
        except (OSError, StorageAway) as error:
            raise CommandError(str(error)) from error
        for name, count in counts.items():
            self.stdout.write(f"{count:>8,}  {name}")
        self.stdout.write(f"Written to {path}.")
