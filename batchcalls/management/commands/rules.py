"""What the rules say about a number: ``python manage.py rules NUMBER``."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from batchcalls.database import clock
from batchcalls.management.audited import AuditedCommand
from batchcalls.reporting import explaining, rule_checks
from campaigns import e164
from campaigns.vocabulary import Purpose

#: The exit status when the call is not allowed.
NOT_ALLOWED = 3


class Command(AuditedCommand):
    """Checks a number against legal hours, rule packs, caps, and the do-not-call list."""

    help = (
        "Show whether a number may be called, and by which rules. Not legal advice. Exit status 0: "
        "allowed; 3: not allowed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("number", help="The number, such as +13052345678.")
        parser.add_argument(
            "--at", metavar="ISO", help="When; default: now; without an offset, in TIME_ZONE."
        )
        parser.add_argument("--postcode", default="", help="The person's US ZIP code.")
        parser.add_argument("--state", default="", help="The person's state.")
        parser.add_argument(
            "--purpose", choices=Purpose.values, default=Purpose.MARKETING, help="Why: %(choices)s."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the answers. Raise `CommandError` for an unusable number or time."""
        number = e164.parse(options["number"], region=settings.DEFAULT_REGION)
        if isinstance(number, e164.NumberProblem):
            raise CommandError(number.message)
        try:
            found = rule_checks.check(
                number,
                purpose=Purpose(options["purpose"]),
                at=_moment(options["at"]) if options["at"] else clock.now(),
                postcode=options["postcode"],
                state=options["state"],
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{found.e164}, in {found.places_in_words}, {found.purpose.label}")
        for rule, text in found.checks:
            self.stdout.write(f"  {explaining.name_of(rule)}: {text}")
        for sentence in found.consent_in_words:
            self.stdout.write(f"  {sentence}")
        if found.allowed:
            self.stdout.write("Allowed.")
            return
        when = "There is no time at which the rules allow it."
        if found.opens_at:
            when = f"The rules allow it from {found.opens_at:%Y-%m-%d %H:%M} UTC."
        self.stdout.write(f"Not allowed. {when}")
        sys.exit(NOT_ALLOWED)


def _moment(text: str) -> datetime:
    """Read an ISO time; one without an offset is in the site's time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}” is not a time such as 2026-12-25T10:00-05:00.") from None
    return moment if moment.utcoffset() is not None else timezone.make_aware(moment)
