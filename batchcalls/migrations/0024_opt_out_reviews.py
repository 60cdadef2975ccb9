"""Keep calls in which a person may have opted out, and what was decided about each."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0023_count_live_calls_by_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OptOutReview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("e164", models.CharField(db_index=True, max_length=16, verbose_name="number")),
                (
                    "heard",
                    models.CharField(
                        help_text="What the person said, or the key pressed.", max_length=300
                    ),
                ),
                ("language", models.CharField(blank=True, max_length=20)),
                ("created_at", models.DateTimeField()),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[("opted_out", "Opted out"), ("not_an_opt_out", "Not an opt-out")],
                        max_length=20,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "call",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="opt_out_review",
                        to="batchcalls.callresult",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "opt-out review",
                "ordering": ["-pk"],
                "default_permissions": ("view",),
                "permissions": [("decide_optoutreview", "Can decide whether a person opted out")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("decided_at", None)),
                        fields=["id"],
                        name="opt_out_review_pending",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("decision", "")),
                            models.Q(
                                models.Q(("decided_at", None), _negated=True),
                                ("decision__in", ["opted_out", "not_an_opt_out"]),
                            ),
                            _connector="OR",
                        ),
                        name="opt_out_review_decided_iff_decision",
                    )
                ],
            },
        ),
    ]
