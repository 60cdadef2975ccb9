"""Caller IDs become rows, and accounts get a list of the countries that they may call.

An account that rings people keeps the countries that its batches have numbers in, of its caller
IDs, and of the numbers that unfinished batches transfer to, so that no running work stops.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django.core.validators
import django.db.models.deletion
import phonenumbers
from django.conf import settings
from django.db import migrations, models

DIALING = ["bland"]
ENDED = ["completed", "completed_partial", "failed", "canceled"]
HOLDING = ["from", "transfer_phone_number", "transfer_list", "voicemail"]
NO_COUNTRY = "001"
KINDS = {
    "800": "international_toll_free",
    "808": "shared_cost",
    "870": "satellite",
    "878": "personal_number",
    "881": "satellite",
    "979": "premium_rate",
}


def numbers_in(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("+"):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from numbers_in(item)


def region_of(number: str) -> str:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number, None)) or ""
    except phonenumbers.NumberParseException:
        return ""


def keep_what_is_in_use(apps: Any, schema_editor: Any) -> None:
    """Store caller IDs as rows, and list the countries in use."""
    account_model = apps.get_model("batchcalls", "VoiceAccount")
    caller_id_model = apps.get_model("batchcalls", "CallerId")
    for account in account_model.objects.order_by("pk"):
        listed = account.old_caller_ids if isinstance(account.old_caller_ids, list) else []
        numbers = [one for one in dict.fromkeys(map(str, listed)) if one[:1] == "+"]
        caller_id_model.objects.bulk_create(
            caller_id_model(account=account, e164=number[:16]) for number in numbers
        )
        if account.provider in DIALING:
            account.countries, account.special_numbers = in_use(apps, account, numbers)
            account.save(update_fields=["countries", "special_numbers"])
    if schema_editor.connection.vendor == "postgresql":
        # The table cannot be changed while the new rows' foreign keys are unchecked.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def in_use(apps: Any, account: Any, caller_ids: list[str]) -> tuple[list[str], list[str]]:
    """Return the countries in use if there are others than the default one, and special kinds."""
    recipients = apps.get_model("batchcalls", "Recipient").objects.order_by()
    called = recipients.filter(batch__account=account).exclude(status="skipped")
    regions = set(called.values_list("region", flat=True).distinct())
    batches = apps.get_model("batchcalls", "Batch").objects.filter(account=account)
    held = [
        stored.get(name)
        for stored in batches.exclude(status__in=ENDED).values_list("call_settings", flat=True)
        for name in HOLDING
    ]
    regions |= {region_of(number) for value in held for number in numbers_in(value)}
    regions |= {region_of(number) for number in caller_ids}
    special = called.filter(region=NO_COUNTRY).values_list("e164", flat=True)
    kinds = {KINDS.get(number[1:4], "international_network") for number in special}
    countries = regions - {"", NO_COUNTRY, settings.DEFAULT_REGION}
    return sorted(countries | {settings.DEFAULT_REGION}) if countries else [], sorted(kinds)


def put_back(apps: Any, schema_editor: Any) -> None:
    """Store the caller IDs in their account again."""
    for account in apps.get_model("batchcalls", "VoiceAccount").objects.order_by("pk"):
        numbers = account.caller_ids.order_by("pk").filter(enabled=True)
        account.old_caller_ids = list(numbers.values_list("e164", flat=True))
        account.save(update_fields=["old_caller_ids"])


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0032_circuit_breaker"),
    ]

    operations = [
        # The name becomes that of the rows.
        migrations.RenameField("voiceaccount", "caller_ids", "old_caller_ids"),
        migrations.AddField(
            model_name="voiceaccount",
            name="countries",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Countries that may be called (ISO 3166); empty: that of DEFAULT_REGION.",
            ),
        ),
        migrations.AddField(
            model_name="voiceaccount",
            name="special_numbers",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Kinds of special numbers that may be called.",
            ),
        ),
        migrations.CreateModel(
            name="CallerId",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("e164", models.CharField(max_length=16, verbose_name="number")),
                (
                    "enabled",
                    models.BooleanField(
                        default=True,
                        help_text="Switched off, no call is placed from this number.",
                        verbose_name="on",
                    ),
                ),
                (
                    "daily_cap",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Calls from this number in 24 hours, in all batches. Leave blank "
                        "for no cap.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200)),
                ("used_at", models.DateTimeField(editable=False, null=True)),
                ("full_until", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="caller_ids",
                        to="batchcalls.voiceaccount",
                    ),
                ),
            ],
            options={
                "verbose_name": "caller ID",
                "ordering": ["pk"],
                "default_permissions": (),
            },
        ),
        migrations.AddConstraint(
            model_name="callerid",
            constraint=models.UniqueConstraint(fields=("account", "e164"), name="caller_id_unique"),
        ),
        migrations.AddConstraint(
            model_name="callerid",
            constraint=models.CheckConstraint(
                condition=models.Q(("e164__startswith", "+")), name="caller_id_is_e164"
            ),
        ),
        migrations.AddConstraint(
            model_name="callerid",
            constraint=models.CheckConstraint(
                condition=models.Q(("daily_cap", None), ("daily_cap__gte", 1), _connector="OR"),
                name="caller_id_cap_positive",
            ),
        ),
        migrations.RunPython(keep_what_is_in_use, put_back),
        migrations.RemoveField("voiceaccount", "old_caller_ids"),
        migrations.AddIndex(
            model_name="callresult",
            index=models.Index(
                fields=["account", "from_number", "claimed_at"], name="call_by_caller_id"
            ),
        ),
    ]
