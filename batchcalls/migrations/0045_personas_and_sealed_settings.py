from importlib import import_module

from django.db import migrations, models

earlier = import_module("campaigns.migrations.0011_personas_and_sealed_settings")


def seal_stored(apps, schema_editor):
    """Encrypt the secrets of batches and recipients that were stored in plain."""
    models = (("batchcalls", "Batch"), ("batchcalls", "Recipient"))
    earlier.seal_stored(apps, schema_editor, models)


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0044_plainer_words"),
        ("campaigns", "0011_personas_and_sealed_settings"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="batch",
            name="batch_prompt_xor_pathway",
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "draft"),
                    ("status__in", ["canceled", "completed", "completed_partial", "failed"]),
                    ("prompt", ""),
                    ("pathway_id", ""),
                    _connector="OR",
                ),
                name="batch_prompt_or_pathway",
            ),
        ),
        migrations.RunPython(seal_stored, migrations.RunPython.noop),
    ]
