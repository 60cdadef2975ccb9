from decimal import Decimal

import django.core.validators
from django.db import migrations, models

import batchcalls.models.webhook


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0043_kept_figures"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="emergencystop",
            options={
                "ordering": ["-stopped_at", "-pk"],
                "permissions": [("engage_emergencystop", "Can stop and resume all calling")],
            },
        ),
        migrations.AlterField(
            model_name="batch",
            name="batch_webhook",
            field=models.CharField(
                blank=True,
                help_text="An https URL that receives the final result, as in the Bland API.",
                max_length=2000,
                validators=[batchcalls.models.webhook.validate_webhook_url],
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="budget",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="In the account's currency. When it is used up, the batch pauses.",
                max_digits=12,
                null=True,
                validators=[django.core.validators.MinValueValidator(Decimal("0.01"))],
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="purpose_assumed",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="No purpose was chosen. It is required before real phones ring.",
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="status_webhook",
            field=models.CharField(
                blank=True,
                help_text="An https URL that receives every status change, as in the Bland API.",
                max_length=2000,
                validators=[batchcalls.models.webhook.validate_webhook_url],
            ),
        ),
        migrations.AlterField(
            model_name="callerid",
            name="enabled",
            field=models.BooleanField(
                default=True,
                help_text="When off, no calls are placed from this number.",
                verbose_name="on",
            ),
        ),
        migrations.AlterField(
            model_name="recipient",
            name="row_number",
            field=models.PositiveIntegerField(
                help_text="Row of the file; the header is row 1. Lists added later continue the count."
            ),
        ),
        migrations.AlterField(
            model_name="voiceaccount",
            name="daily_budget",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="When it is used up, batches wait until the next day. Leave blank for no limit.",
                max_digits=12,
                null=True,
                validators=[django.core.validators.MinValueValidator(Decimal("0.01"))],
            ),
        ),
        migrations.AlterField(
            model_name="voiceaccount",
            name="monthly_budget",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="When it is used up in a calendar month, batches pause. Leave blank for no limit.",
                max_digits=12,
                null=True,
                validators=[django.core.validators.MinValueValidator(Decimal("0.01"))],
            ),
        ),
    ]
