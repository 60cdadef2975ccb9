"""Let do-not-call lists begin without a header."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0017_numbers_of_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="storedlist",
            name="has_header",
            field=models.BooleanField(
                default=True, editable=False, help_text="Do-not-call lists may begin with a number."
            ),
        ),
    ]
