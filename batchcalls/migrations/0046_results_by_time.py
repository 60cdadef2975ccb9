import django.db.models.functions.datetime
from django.db import migrations, models

import batchcalls.database.clock
import batchcalls.database.stamps
from batchcalls.database import online


class Migration(migrations.Migration):
    # Calls go on while indexes are created.
    atomic = False

    dependencies = [
        ("batchcalls", "0045_personas_and_sealed_settings"),
    ]

    operations = [
        online.AddField(
            model_name="callresult",
            name="updated_at",
            field=batchcalls.database.stamps.StampField(
                db_default=django.db.models.functions.datetime.Now(),
                default=batchcalls.database.clock.now,
                editable=False,
                help_text="When the call last changed, for `updated_since`.",
            ),
        ),
        migrations.AlterField(
            model_name="callresult",
            name="reserved",
            field=models.DecimalField(
                decimal_places=5,
                editable=False,
                help_text="The most that the call was expected to cost when it was placed, in the "
                "currency of its account.",
                max_digits=12,
                null=True,
            ),
        ),
        online.AddIndex(
            model_name="callresult",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["ended_at", "id"],
                name="call_by_end",
            ),
        ),
        online.AddIndex(
            model_name="callresult",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["updated_at", "id"],
                name="call_by_change",
            ),
        ),
    ]
