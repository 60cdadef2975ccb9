"""What earlier releases left behind: rows of each, in one database that was migrated through all.

Migrating takes seconds of processor time, so that the tests of upgrades share one journey: ``python
-m tests.models.earlier`` makes the template of which each of them gets a copy (``upgraded``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import django
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

#: Gives a release's model by its label.
Models = Callable[[str], Any]

LIST = b"phone_number,name\n+12025550190,Ann\n+12025550191,Bob\n+12025550192,Cy\n"
#: A moment that has not come when the tests run.
LATER = datetime(2099, 1, 1, tzinfo=UTC)


def lists_in_their_batches(model: Models) -> None:
    """A draft, a half-imported and an imported batch, before lists were rows of their own."""
    for status, rows, fields in (
        ("draft", 0, {}),
        ("validating", 2, {}),
        ("ready", 3, {"row_count": 3}),
    ):
        batch = model("Batch").objects.create(
            name=f"list {status}",
            status=status,
            account=account(model, "lists"),
            prompt="Call {{name}}.",
            file=store_list(status),
            file_name="list.csv",
            encoding="utf-8",
            delimiter=",",
            headers=["phone_number", "name"],
            mapping=[
                {"position": 0, "header": "phone_number", "target": "phone_number", "name": ""},
                {"position": 1, "header": "name", "target": "request_data", "name": "name"},
            ],
            **fields,
        )
        for row in range(2, rows + 2):
            model("Recipient").objects.create(
                batch=batch,
                row_number=row,
                raw_number=f"+120255501{88 + row}",
                e164=f"+120255501{88 + row}",
                request_data={"name": "old"},
            )


def store_list(status: str) -> str:
    """Store the list of a batch, and return the name it got."""
    return str(default_storage.save(f"batches/{status}.csv", ContentFile(LIST)))


def calls_before_attempts_were_given_up(model: Models) -> None:
    batch = model("Batch").objects.create(
        name="calls", status="in_progress", account=account(model, "calls"), prompt="Hello."
    )
    recipient = model("Recipient").objects.create(
        batch=batch, row_number=2, e164="+12025550190", status="unconfirmed", attempts=2
    )
    now = timezone.now()
    for attempt, status in ((1, "completed"), (2, "unknown")):
        model("CallResult").objects.create(
            batch=batch,
            recipient=recipient,
            account=batch.account,
            attempt=attempt,
            to_number="+12025550190",
            status=status,
            claimed_at=now,
            ended_at=now if status == "completed" else None,
        )


def holds_that_looked_like_slots(model: Models) -> None:
    accounts = model("VoiceAccount").objects
    accounts.create(name="held", cps=10, next_slot_at=LATER)
    accounts.create(name="without a rate", next_slot_at=LATER)
    soon = timezone.now() + timedelta(seconds=90)
    accounts.create(name="slow", cps=0.01, next_slot_at=soon)
    accounts.create(name="idle")


def a_stop_before_epochs(model: Models) -> None:
    model("EmergencyStop").objects.create(reason="Wrong list.")


def accounts_without_countries(model: Models) -> None:
    def make(name: str, provider: str, *regions: str, **fields: Any) -> None:
        account = model("VoiceAccount").objects.create(
            name=name, provider=provider, caller_ids=fields.pop("caller_ids", [])
        )
        fields = {"status": "paused", **fields}
        batch = model("Batch").objects.create(name=name, account=account, prompt="Hello.", **fields)
        for number, region in enumerate(regions, start=2):
            model("Recipient").objects.create(
                batch=batch,
                row_number=number,
                region=region,
                e164="+8816123456789" if region == "001" else f"+120255501{number:02}",
                status="skipped" if region == "FR" else "pending",
                reason_code="duplicate" if region == "FR" else "",
            )

    caller_ids = ["+12025550101", "+12025550100", "+12025550101"]
    make("simulator", "simulator", "MX", caller_ids=caller_ids)
    make("at home", "bland", "US", "")
    transfers = {"transfer_list": {"default": "+442079460123"}, "voice": "maya"}
    make("abroad", "bland", "CA", "FR", "001", call_settings=transfers)
    make("from abroad", "bland", caller_ids=["+4930123456", "nonsense"])
    ended = {"status": "canceled", "ended_at": timezone.now()}
    make("ended", "bland", call_settings={"transfer_phone_number": "+33142685300"}, **ended)


def account(model: Models, name: str) -> Any:
    return model("VoiceAccount").objects.get_or_create(name=name)[0]


#: The releases on the way, oldest first, and what their users left behind.
RELEASES: list[tuple[list[tuple[str, str]], list[Callable[[Models], None]]]] = [
    ([("batchcalls", "0002_engine"), ("campaigns", "0001_initial")], [lists_in_their_batches]),
    (
        [("batchcalls", "0011_stop_told")],
        [calls_before_attempts_were_given_up, holds_that_looked_like_slots, a_stop_before_epochs],
    ),
    ([("batchcalls", "0028_verdicts_of_refusals")], [accounts_without_countries]),
]


def main() -> None:
    """Migrate an empty database through all releases."""
    for release, fillers in RELEASES:
        executor = MigrationExecutor(connection)
        apps = executor.migrate(release).apps
        for fill in fillers:
            fill(lambda label, apps=apps: apps.get_model("batchcalls", label))
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    django.setup()
    main()
