"""Restore the default permissions of the roles: ``python manage.py sync_roles``."""

from __future__ import annotations

from typing import Any

from batchcalls.access import roles
from batchcalls.management.audited import AuditedCommand


class Command(AuditedCommand):
    """Creates missing groups and grants missing permissions. Removes nothing."""

    help = "Create the groups of the roles, and grant each the permissions that it lacks."

    def handle(self, *args: Any, **options: Any) -> None:
        """Grant the permissions, and print them."""
        for role, granted in roles.sync().items():
            self.stdout.write(f"{role}: {', '.join(granted) or 'has all it needs'}.")
