from django.db import migrations, models

from batchcalls.database import trigrams


class Migration(migrations.Migration):
    # An index cannot be created concurrently within a transaction. It comes first, because creating
    # it can be repeated.
    atomic = False

    dependencies = [
        ("batchcalls", "0045_preferences"),
    ]

    operations = [
        migrations.RunPython(trigrams.create, trigrams.drop),
        migrations.CreateModel(
            name="KeptFigure",
            fields=[
                (
                    "key",
                    models.CharField(max_length=150, primary_key=True, serialize=False),
                ),
                ("state", models.CharField(blank=True, max_length=60)),
                ("value", models.JSONField()),
                ("counted_at", models.DateTimeField()),
                ("took_seconds", models.FloatField()),
                ("counting_until", models.DateTimeField(null=True)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="DayOfCalls",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("time_zone", models.CharField(max_length=64)),
                ("calls", models.PositiveIntegerField()),
                ("ended", models.PositiveIntegerField()),
                ("reached", models.PositiveIntegerField()),
            ],
            options={
                "ordering": ["day"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=["day", "time_zone"], name="day_of_calls_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reached__lte", models.F("ended")))
                        & models.Q(("ended__lte", models.F("calls"))),
                        name="day_of_calls_adds_up",
                    ),
                ],
            },
        ),
    ]
