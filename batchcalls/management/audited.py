"""The base of commands that change or show something protected."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from batchcalls.access.origins import Origin, coming_from


class AuditedCommand(BaseCommand):
    """A command whose name, and whose user of the operating system, the audit log keeps."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command as the origin of what it does."""
        with coming_from(Origin(command=type(self).__module__.rpartition(".")[2])):
            return super().execute(*args, **options)
