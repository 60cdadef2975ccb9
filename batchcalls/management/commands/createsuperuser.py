"""Django's command, with an entry in the audit log: ``python manage.py createsuperuser``."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from batchcalls.access import audit
from batchcalls.management.audited import AuditedCommand


class Command(AuditedCommand, createsuperuser.Command):
    """Creates an administrator."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the name and password, and create the user."""
        last = User.objects.aggregate(last=Max("pk"))["last"] or 0
        with transaction.atomic():
            super().handle(*args, **options)
            for person in User.objects.filter(pk__gt=last, is_superuser=True):
                audit.added(person)
