"""Let the do-not-call list hold hashes of numbers."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0003_do_not_call_pages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="suppression",
            name="suppression_e164_form",
        ),
        migrations.AlterField(
            model_name="suppression",
            name="e164",
            field=models.CharField(max_length=71, unique=True, verbose_name="number"),
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("e164__startswith", "+"), ("e164__startswith", "sha256:"), _connector="OR"
                ),
                name="suppression_e164_form",
            ),
        ),
    ]
