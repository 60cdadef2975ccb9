"""Store what the time zones of a recipient come from."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0024_opt_out_reviews"),
    ]

    operations = [
        migrations.AddField(
            model_name="recipient",
            name="zone_sources",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What the time zones come from: row, postcode, number, or state. "
                "Several, with commas between them, contradict each other, so that all zones "
                "count. Blank for rows older than this field, whose zones are found again when "
                "they are dialed.",
                max_length=40,
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="recipient",
            name="start_zone",
            field=models.CharField(
                blank=True,
                choices=[
                    ("row", "row"),
                    ("postcode", "postcode"),
                    ("number", "number"),
                    ("batch", "batch"),
                ],
                editable=False,
                help_text="Whose time zone a start time without an offset was read in.",
                max_length=10,
            ),
        ),
    ]
