from django.db import migrations, models

import campaigns.pathways


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0009_setting_classes"),
    ]

    operations = [
        migrations.AddField(
            model_name="pathway",
            name="variables",
            field=models.TextField(
                blank=True,
                help_text="One per line, such as customer_name. Write name|there if the cell may be blank. A list needs a column for each.",
                max_length=5000,
                validators=[campaigns.pathways.validate_variables],
                verbose_name="variables it needs",
            ),
        ),
    ]
