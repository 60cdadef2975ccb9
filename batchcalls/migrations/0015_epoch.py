import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0014_clock_offset"),
    ]

    operations = [
        migrations.AddField(
            model_name="emergencystop",
            name="restored_from",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="emergencystop",
            name="reconciled_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="emergencystop",
            name="reconciliation",
            field=models.JSONField(default=list, editable=False),
        ),
        migrations.CreateModel(
            name="Epoch",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("number", models.BigIntegerField(default=0)),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="epoch_single_row")
                ],
            },
        ),
    ]
