"""Keep what was found about the format of a list, and whether hidden rows are read."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0019_values_of_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="storedlist",
            name="format_details",
            field=models.JSONField(
                default=dict, help_text="What was found about the file format at upload."
            ),
        ),
        migrations.AddField(
            model_name="storedlist",
            name="include_hidden",
            field=models.BooleanField(
                default=False, help_text="Read the hidden rows and columns of a workbook too."
            ),
        ),
    ]
