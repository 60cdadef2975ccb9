"""Sign-in from the command line: ``python manage.py signin list``, ``unlock``, ``reset``, …"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from batchcalls.access import api_keys, audit, throttling, two_step
from batchcalls.access.client_address import network_of
from batchcalls.management.audited import AuditedCommand
from batchcalls.management.people import user_named
from batchcalls.models import AuditAction, SignIn
from campaigns import settings_field


class Command(AuditedCommand):
    """Helps people who cannot sign in, for an administrator who cannot either."""

    help = "List and lift locks, reset two-step sign-in, or reencrypt secrets."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="List the locks in force.")
        unlock = actions.add_parser("unlock", help="Lift locks of a name, or of an address.")
        unlock.add_argument("user", nargs="?", default="", help="The username.")
        unlock.add_argument("--address", default="", help="Only of this IP address.")
        reset = actions.add_parser(
            "reset", help="Turn off two-step sign-in of someone who lost the app and the codes."
        )
        reset.add_argument("user", help="The username.")
        renew = actions.add_parser(
            "renew-password", help="Ask for a new password at the next sign-in."
        )
        renew.add_argument("user", help="The username.")
        renew.add_argument("--revoke-keys", action="store_true", help="Revoke the API keys too.")
        actions.add_parser(
            "reencrypt", help="Encrypt all stored secrets with the current SECRET_KEY."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked."""
        match options["action"]:
            case "list":
                self._list()
            case "unlock":
                self._unlock(options["user"], options["address"])
            case "reset":
                user = user_named(options["user"])
                if not two_step.turn_off(user, by="the command line"):
                    raise CommandError(f"Two-step sign-in of {user} is off already.")
                self.stdout.write(f"{user} can sign in with the password alone.")
            case "renew-password":
                self._renew_password(options["user"], options["revoke_keys"])
            case _:
                self._reencrypt()

    def _list(self) -> None:
        for lock in throttling.locks():
            name, address = lock.username or "every name", lock.shown_address or "every address"
            self.stdout.write(
                f"{name} from {address}: {lock.failures:,} failures, until {lock.until:%F %T %Z}"
            )
        for row in two_step.locked():
            self.stdout.write(
                f"{row.user}: {row.failures:,} wrong codes, until {row.locked_until:%F %T %Z}"
            )

    def _unlock(self, username: str, address: str) -> None:
        if not (username or address):
            raise CommandError("Enter a username, or --address.")
        try:
            network = address and network_of(str(ip_address(address.partition("/")[0])))
        except ValueError as error:
            raise CommandError(f"“{address}” is not an IP address.") from error
        lifted = throttling.unlock(username=username, address=network)
        if username and not address:
            lifted += two_step.unlock(user_named(username))
        if not lifted:
            raise CommandError("Nothing is locked. `signin list` shows the locks.")
        self.stdout.write("Unlocked.")

    def _renew_password(self, username: str, revoke_keys: bool) -> None:
        user = user_named(username)
        with transaction.atomic():
            SignIn.objects.update_or_create(user=user, defaults={"must_change_password": True})
            audit.record(AuditAction.CHANGED, user, note="New password at the next sign-in")
        text = f"{user} chooses a new password at the next sign-in."
        if revoke_keys:
            count = api_keys.revoke_all_of(user)
            text += f" Revoked {count:,} API key{'' if count == 1 else 's'}."
        self.stdout.write(text)

    def _reencrypt(self) -> None:
        count, lost = two_step.reencrypt_all()
        of_calls, unreadable = settings_field.reencrypt_all()
        count += of_calls
        self.stdout.write(f"Reencrypted {count:,} secret{'' if count == 1 else 's'}.")
        if lost or unreadable:
            raise CommandError(
                f"The key of these secrets is gone: {', '.join([*lost, *unreadable])}. Put it into "
                "SECRET_KEY_FALLBACKS and repeat this. Otherwise run `signin reset` for each "
                "person, and set the call settings again."
            )
