"""Store when the database was too slow for dialing, and find events by their code."""

from __future__ import annotations

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0020_list_format"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="voiceaccount",
            name="database_slow_at",
            field=models.DateTimeField(
                editable=False,
                help_text="When calls were last held back because the database was too slow.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="batchevent",
            index=models.Index(fields=["code", "at"], name="batch_event_by_code"),
        ),
    ]
