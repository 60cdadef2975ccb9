"""Erase what is stored about one number: ``python manage.py erasenumber NUMBER``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from batchcalls.database.disks import StorageAway
from batchcalls.keeping import erasure
from batchcalls.keeping.person import Person
from batchcalls.management.audited import AuditedCommand
from batchcalls.management.one_number import number_of


class Command(AuditedCommand):
    """Erases what the page of the number erases, after the number was typed twice."""

    help = (
        "Erase what is stored about a number. Figures, caps, and do-not-call entries stay, without "
        "the number. It cannot be undone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("number", help="The number, with country code or local.")
        parser.add_argument(
            "--confirm",
            default="",
            metavar="NUMBER",
            help="The number again. Without it, the command asks for it.",
        )
        parser.add_argument(
            "--take-out",
            action="store_true",
            help="Cancel the rows of open batches in which the number is still to be called.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase the number, and say what changed. Raise `CommandError` if it cannot be erased."""
        number = number_of(options["number"])
        again = options["confirm"] or input(f"Type {number} again to erase it for good: ")
        if number_of(again) != number:
            raise CommandError("The two numbers differ. Nothing was erased.")
        try:
            report = erasure.erase(Person(number), take_out=options["take_out"])
        except (erasure.CannotErase, StorageAway) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Erased: {report}.")
