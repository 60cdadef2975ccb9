"""Let SQLite count live calls without reading them."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("batchcalls", "0022_refused_numbers")]

    operations = [
        migrations.RemoveIndex(model_name="callresult", name="call_not_ended"),
        migrations.AddIndex(
            model_name="callresult",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["status", "account", "claimed_at", "ended_at"],
                name="call_not_ended",
            ),
        ),
    ]
