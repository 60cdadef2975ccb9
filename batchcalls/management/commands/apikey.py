"""API keys from the command line: ``python manage.py apikey create …``, ``list``, ``revoke``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from batchcalls.access import api_keys
from batchcalls.database import clock
from batchcalls.management.audited import AuditedCommand
from batchcalls.management.people import user_named
from batchcalls.models import ApiKey, Scope

DAYS = 365


class Command(AuditedCommand):
    """Creates, lists, and revokes API keys, like the pages of the back office."""

    help = "Create an API key, list keys, or revoke them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="Create a key. It is printed once.")
        create.add_argument("name", help="Which program uses it, and where.")
        create.add_argument("--owner", required=True, help="The user whose permissions it has.")
        create.add_argument(
            "--scope",
            action="append",
            required=True,
            choices=[*Scope.values, "all"],
            metavar="SCOPE",
            help=f"What it may be used for; may be repeated: {', '.join(Scope.values)}, or all.",
        )
        create.add_argument(
            "--days", type=int, default=DAYS, help=f"Expires after; {DAYS} by default, 0 for never."
        )
        show = actions.add_parser("list", help="List keys, without their secrets.")
        show.add_argument("--owner", help="Only the keys of this user.")
        revoke = actions.add_parser("revoke", help="Revoke keys. This cannot be undone.")
        which = revoke.add_mutually_exclusive_group(required=True)
        which.add_argument("id", nargs="?", type=int, help="The ID of a key, as in the list.")
        which.add_argument("--owner", help="All keys of this user.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked."""
        owner = user_named(options["owner"]) if options.get("owner") else None
        match options["action"]:
            case "create":
                self._create(owner, options)
            case "list":
                self._list(owner)
            case _:
                self._revoke(owner, options["id"])

    def _create(self, owner: User | None, options: dict[str, Any]) -> None:
        if owner is None:
            raise CommandError("Enter the user whose permissions the key has: --owner NAME.")
        if not owner.is_active:
            raise CommandError(f"{owner} is not active, so the key would not work.")
        if options["days"] < 0:
            raise CommandError("--days must be 0 or more.")
        scopes = Scope.values if "all" in options["scope"] else options["scope"]
        lifetime = timedelta(days=options["days"])
        try:
            key, secret = api_keys.create(
                owner,
                name=options["name"],
                scopes=scopes,
                expires_at=clock.now() + lifetime if lifetime else None,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        # The key alone on standard output, for scripts.
        self.stderr.write(f"Created key {key.pk} of {owner}. It is shown only now:")
        self.stdout.write(secret)

    def _list(self, owner: User | None) -> None:
        keys = ApiKey.objects.select_related("owner").order_by("pk")
        for key in keys.filter(owner=owner) if owner else keys:
            expires = f"expires {key.expires_at:%Y-%m-%d}" if key.expires_at else "never expires"
            used = f"used {key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never used"
            scopes = ",".join(key.scopes)
            self.stdout.write(
                f"{key.pk}  {key.prefix}…  {key.owner}  {key.state}, {expires}, {used}  "
                f"{key.name}  {scopes}"
            )

    def _revoke(self, owner: User | None, pk: int) -> None:
        if owner is not None:
            count = api_keys.revoke_all_of(owner)
            self.stdout.write(f"Revoked {count:,} key{'' if count == 1 else 's'} of {owner}.")
            return
        key = ApiKey.objects.filter(pk=pk).first()
        if key is None:
            raise CommandError(f"There is no key {pk}. `apikey list` shows the keys.")
        if not api_keys.revoke(key):
            raise CommandError(f"Key {pk} was revoked before.")
        self.stdout.write(f"Revoked {key}.")
