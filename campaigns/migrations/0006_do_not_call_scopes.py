"""Give do-not-call entries a scope, evidence and an expiry, and campaigns outcomes that opt out."""

import datetime

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

import campaigns.models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_mapping_writings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="suppression",
            name="suppression_source",
        ),
        migrations.AddField(
            model_name="campaign",
            name="opt_out_outcomes",
            field=models.TextField(
                blank=True,
                help_text="Outcomes after which a number goes on the do-not-call list, one per line. Case, spaces, and punctuation do not matter. DO_NOT_CONTACT, DO_NOT_CALL, DNC, OPT_OUT, and UNSUBSCRIBE always count.",
                max_length=2000,
                validators=[campaigns.models.validate_outcomes],
                verbose_name="outcomes that opt out",
            ),
        ),
        migrations.AddField(
            model_name="suppression",
            name="call_id",
            field=models.UUIDField(
                blank=True, help_text="The call that is the evidence.", null=True
            ),
        ),
        migrations.AddField(
            model_name="suppression",
            name="campaign",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="Leave blank to block calls of all campaigns.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="suppressions",
                to="campaigns.campaign",
            ),
        ),
        migrations.AddField(
            model_name="suppression",
            name="evidence",
            field=models.CharField(
                blank=True, help_text="Where the request can be looked up.", max_length=500
            ),
        ),
        migrations.AddField(
            model_name="suppression",
            name="expires_at",
            field=models.DateTimeField(
                blank=True, help_text="Leave blank to keep the entry in force for good.", null=True
            ),
        ),
        migrations.AddField(
            model_name="suppression",
            name="is_hold",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AlterField(
            model_name="suppression",
            name="e164",
            field=models.CharField(max_length=71, verbose_name="number"),
        ),
        migrations.AlterField(
            model_name="suppression",
            name="source",
            field=models.CharField(
                choices=[
                    ("manual", "Entered by staff"),
                    ("import", "Imported list"),
                    ("call", "Asked for in a call"),
                    ("api", "API"),
                    ("form", "Web form"),
                    ("sms", "Text message"),
                    ("email", "Email"),
                    ("mail", "Letter"),
                    ("registry", "Public registry"),
                    ("other", "Another system"),
                ],
                default="manual",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="suppression",
            index=models.Index(
                condition=models.Q(("campaign__isnull", False)),
                fields=["campaign"],
                name="suppression_by_campaign",
            ),
        ),
        migrations.AddIndex(
            model_name="suppression",
            index=models.Index(
                fields=["e164"], name="suppression_by_beginning", opclasses=["varchar_pattern_ops"]
            ),
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "source__in",
                        [
                            "manual",
                            "import",
                            "call",
                            "api",
                            "form",
                            "sms",
                            "email",
                            "mail",
                            "registry",
                            "other",
                        ],
                    )
                ),
                name="suppression_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.UniqueConstraint(
                models.F("e164"),
                models.F("is_hold"),
                django.db.models.functions.comparison.Coalesce("campaign_id", 0),
                django.db.models.functions.comparison.Coalesce(
                    "expires_at",
                    datetime.datetime(9999, 12, 31, 0, 0, tzinfo=datetime.UTC),
                ),
                name="suppression_unique_entry",
                violation_error_message="This number already has such an entry.",
            ),
        ),
    ]
