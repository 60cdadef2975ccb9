"""Store how the dates of a list are read, whose zone was taken, and which values are trusted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0018_headerless"),
    ]

    operations = [
        migrations.AddField(
            model_name="recipient",
            name="start_zone",
            field=models.CharField(
                blank=True,
                choices=[("row", "row"), ("number", "number"), ("batch", "batch")],
                editable=False,
                help_text="Whose time zone a start time without an offset was read in.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="trusted",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name="storedlist",
            name="date_order",
            field=models.CharField(
                blank=True,
                choices=[
                    ("dmy", "day/month/year"),
                    ("mdy", "month/day/year"),
                    ("ymd", "year/month/day"),
                ],
                help_text="Order of day, month and year. Leave blank to decide by all start times.",
                max_length=3,
            ),
        ),
    ]
