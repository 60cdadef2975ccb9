"""Django's command, with an entry in the audit log: ``python manage.py changepassword NAME``."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.models import User

from batchcalls.access import audit
from batchcalls.management.audited import AuditedCommand


class Command(AuditedCommand, changepassword.Command):
    """Sets the password of a user."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Ask for the password, and set it."""
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            return super().handle(*args, **options)
        with audit.changing(person, note="Password"):
            return super().handle(*args, **options)
