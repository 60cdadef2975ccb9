"""Ends the hold of a voice account: ``python manage.py trynow ACCOUNT``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from batchcalls.batches import halts
from batchcalls.management.audited import AuditedCommand
from batchcalls.models import VoiceAccount


class Command(AuditedCommand):
    """Ends a hold that a provider asked for, like the button in the back office."""

    help = "Call through an account again, although its provider asked to wait longer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("account", help="Name of the voice account.")

    def handle(self, *args: Any, **options: Any) -> None:
        """End the hold. Raise `CommandError` for an unknown account, or one that is not held."""
        account = VoiceAccount.objects.filter(name=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no voice account {options['account']}.")
        try:
            halts.end_hold(account, actor=None)
        except halts.HaltConflict as conflict:
            raise CommandError(str(conflict)) from conflict
        self.stdout.write(f"Calls through {account} start now.")
