"""Give batches the purpose of their campaigns, and recipients the consent that was checked."""

from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

PURPOSES = ["informational", "marketing", "emergency"]
CHOICES = [(purpose, purpose.capitalize()) for purpose in PURPOSES]


def fill(apps: Any, schema_editor: Any) -> None:
    """Copy purposes, and note the consent of rows that passed a check which demanded it."""
    batches = apps.get_model("batchcalls", "Batch").objects.order_by()
    campaigns = apps.get_model("campaigns", "Campaign").objects.filter(pk=OuterRef("campaign"))
    purpose = Subquery(campaigns.values("purpose")[:1])
    batches.exclude(campaign=None).update(purpose=Coalesce(purpose, Value("informational")))
    demanding = batches.filter(policy__consent_required=True).values("pk")
    rows = apps.get_model("batchcalls", "Recipient").objects.order_by()
    rows.filter(Q(batch__in=demanding) & ~Q(status="skipped")).update(consent={"kind": "given"})


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0029_rule_packs"),
        ("campaigns", "0007_caps_and_retries"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="purpose",
            field=models.CharField(
                choices=CHOICES,
                default="informational",
                help_text="Why people are called. It decides which consent is required.",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="consent",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="What the list says about the person’s consent: kind, given_on, source, "
                "evidence.",
            ),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=Q(purpose__in=PURPOSES), name="batch_purpose"
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
