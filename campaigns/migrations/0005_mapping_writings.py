"""Let saved mappings keep how numbers and dates are written."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0004_hashed_numbers"),
    ]

    operations = [
        migrations.AddField(
            model_name="columnmapping",
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
        migrations.AddField(
            model_name="columnmapping",
            name="numbers_written",
            field=models.CharField(
                blank=True,
                choices=[
                    ("with_country_code", "With country code"),
                    ("national", "National, without country code"),
                    ("mixed", "Mixed: decide for each number alone"),
                ],
                help_text="How numbers without + are written. Leave blank to decide by the whole list.",
                max_length=20,
            ),
        ),
    ]
