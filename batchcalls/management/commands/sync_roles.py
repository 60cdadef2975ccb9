"""Give the roles back what they may by default: ``python manage.py sync_roles``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from batchcalls.access import roles


class Command(BaseCommand):
    """Creates groups that are missing and grants what they lack; takes nothing from anybody."""

    help = "Create the groups of the roles, and grant each the permissions that it lacks."

    def handle(self, *args: Any, **options: Any) -> None:
        """Grant, and say what."""
        for role, granted in roles.sync().items():
            self.stdout.write(f"{role}: {', '.join(granted) or 'has all it needs'}.")
