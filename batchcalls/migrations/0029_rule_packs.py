from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("batchcalls", "0028_verdicts_of_refusals")]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="rule_packs",
            field=models.JSONField(
                default=dict,
                editable=False,
                help_text="The version of each rule pack at the launch.",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="places",
            field=models.CharField(
                blank=True,
                help_text="Countries and states whose rules the recipient may be under (US-FL), "
                "with commas between them. Blank for rows older than this field: found again from "
                "the number.",
                max_length=120,
            ),
        ),
    ]
