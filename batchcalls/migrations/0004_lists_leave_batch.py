"""The list's own columns leave the batch, in a transaction after that of the copies."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("batchcalls", "0003_lists")]

    operations = [
        migrations.RemoveField(
            model_name="batch",
            name="delimiter",
        ),
        migrations.RemoveField(
            model_name="batch",
            name="encoding",
        ),
        migrations.RemoveField(
            model_name="batch",
            name="file",
        ),
        migrations.RemoveField(
            model_name="batch",
            name="file_name",
        ),
        migrations.RemoveField(
            model_name="batch",
            name="headers",
        ),
        migrations.RemoveField(
            model_name="batch",
            name="lease_token",
        ),
        migrations.RemoveField(
            model_name="batch",
            name="lease_until",
        ),
        migrations.RemoveField(
            model_name="batch",
            name="mapping",
        ),
    ]
