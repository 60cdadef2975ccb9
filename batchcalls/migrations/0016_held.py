"""Store a hold that the provider asked for; until now, it was stored as the next slot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.utils import timezone

#: Slots are assigned at most this far ahead, plus the time of one call.
HORIZON = timedelta(seconds=1)
REASON = "The provider asked for no more calls before this time."


def tell_holds_from_slots(apps: Any, schema_editor: Any) -> None:
    """Turn next slots that are too far ahead for the account's rate into holds."""
    accounts = apps.get_model("batchcalls", "VoiceAccount").objects
    now = timezone.now()
    for account in accounts.filter(next_slot_at__gt=now):
        interval = timedelta(seconds=1 / account.cps if account.cps else 0)
        if account.next_slot_at > now + interval + HORIZON:
            accounts.filter(pk=account.pk).update(
                held_until=account.next_slot_at, held_reason=REASON, next_slot_at=None
            )


class Migration(migrations.Migration):
    dependencies = [("batchcalls", "0015_epoch")]

    operations = [
        migrations.AddField(
            model_name="voiceaccount",
            name="held_until",
            field=models.DateTimeField(
                editable=False,
                help_text="Until when the provider asked for no more calls.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="voiceaccount",
            name="held_reason",
            field=models.TextField(blank=True, default="", editable=False),
            preserve_default=False,
        ),
        migrations.RunPython(tell_holds_from_slots, migrations.RunPython.noop, elidable=True),
    ]
