from django.db import migrations, models

from campaigns.call_settings import sealing

#: The only secret setting of earlier releases.
SETTING = "dynamic_data"


def seal_stored(apps, schema_editor, models=(("campaigns", "Campaign"),)):
    """Encrypt the secrets in call settings that were stored in plain."""
    for app, name in models:
        rows = apps.get_model(app, name)._base_manager
        for row in rows.filter(call_settings__has_key=SETTING).only("call_settings").iterator():
            row.call_settings[SETTING] = sealing.seal(row.call_settings[SETTING])
            row.save(update_fields=["call_settings"])


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0010_pathway_variables"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="campaign",
            name="campaign_prompt_xor_pathway",
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(models.Q(("prompt", ""), _negated=True), ("pathway", None)),
                    models.Q(("prompt", ""), models.Q(("pathway", None), _negated=True)),
                    models.Q(
                        ("call_settings__has_any_keys", ("persona_id", "agent_id")),
                        ("pathway", None),
                        ("prompt", ""),
                    ),
                    _connector="OR",
                ),
                name="campaign_is_led",
                violation_error_message="Give a prompt or a pathway, and not both. Neither is needed with a persona or an agent.",
            ),
        ),
        migrations.RunPython(seal_stored, migrations.RunPython.noop),
    ]
