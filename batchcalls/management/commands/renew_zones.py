"""Look up the time zones of waiting recipients again: ``python manage.py renew_zones``."""

from __future__ import annotations

from typing import Any

from batchcalls.intake import renewed_zones
from batchcalls.management.audited import AuditedCommand


class Command(AuditedCommand):
    """Corrects the zones that recipients got from older tables of numbers."""

    help = "Correct the time zones of recipients who wait to be called. migrate does so too."

    def handle(self, *args: Any, **options: Any) -> None:
        """Correct them, and print how many changed."""
        renewed = renewed_zones.renew()
        recipients = "recipient" if renewed == 1 else "recipients"
        self.stdout.write(f"Corrected the time zones of {renewed:,} waiting {recipients}.")
