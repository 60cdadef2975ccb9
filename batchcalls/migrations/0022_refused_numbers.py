"""Store every number that a row with a refusal refuses."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0021_database_slow"),
    ]

    operations = [
        migrations.AddField(
            model_name="recipient",
            name="refused_numbers",
            field=models.TextField(
                blank=True,
                editable=False,
                help_text="Numbers that must not be called because of this row if there are several, with commas between them.",
            ),
        ),
    ]
