from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0013_given_up"),
    ]

    operations = [
        migrations.AddField(
            model_name="workerheartbeat",
            name="clock_ahead_seconds",
            field=models.FloatField(
                default=0.0, help_text="How far the host's clock is ahead of the database's."
            ),
        ),
        migrations.AddField(
            model_name="voiceaccount",
            name="clock_ahead_seconds",
            field=models.IntegerField(
                editable=False,
                help_text="How far our clock is ahead of the provider's, if the difference matters.",
                null=True,
            ),
        ),
    ]
