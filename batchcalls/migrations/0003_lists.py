"""Lists are rows of their own, taken in by parts."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import batchcalls.models.stored_list


def keep_lists(apps, schema_editor):
    """Make the list of each batch a row of its own; a half imported one begins anew."""
    batches = apps.get_model("batchcalls", "Batch").objects
    recipients = apps.get_model("batchcalls", "Recipient").objects
    lists = apps.get_model("batchcalls", "StoredList").objects
    importing = {"initializing", "validating"}
    for batch in batches.exclude(file="").iterator():
        rows = recipients.filter(batch=batch).order_by("-row_number")
        if batch.status in importing:
            # Nobody on it was called. Its rows come again, in parts, which later exports need.
            rows.delete()
            status = "importing"
        else:
            status = "uploaded" if batch.status == "draft" else "imported"
        last = rows.values_list("row_number", flat=True).first() or 0
        lists.create(
            batch=batch,
            status=status,
            file=batch.file.name,
            file_name=batch.file_name,
            digest=str(batch.pk),
            encoding=batch.encoding,
            delimiter=batch.delimiter,
            headers=batch.headers,
            mapping=batch.mapping,
            region=batch.region,
            split_through=last,
            created_by=batch.created_by,
            ended_at=batch.ended_at,
        )
        batches.filter(pk=batch.pk).update(ready_through=last)


class Migration(migrations.Migration):
    dependencies = [
        ("batchcalls", "0002_engine"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="dry_run",
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="batch",
            name="ready_through",
            field=models.PositiveIntegerField(
                default=0,
                editable=False,
                help_text="Last row that was checked against all before it.",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="region",
            field=models.CharField(
                blank=True,
                help_text="Country of the number; 001 for one of no country.",
                max_length=3,
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="time_zones",
            field=models.TextField(
                blank=True,
                help_text="Where the recipient may be: IANA names, with commas between them.",
            ),
        ),
        migrations.AlterField(
            model_name="recipient",
            name="row_number",
            field=models.PositiveIntegerField(
                help_text="Row of the file; the header is row 1. Lists that join later go on counting."
            ),
        ),
        migrations.CreateModel(
            name="StoredList",
            fields=[
                ("lease_token", models.UUIDField(editable=False, null=True)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("recipients", "Recipients of a batch"),
                            ("do_not_call", "Do-not-call numbers"),
                        ],
                        default="recipients",
                        max_length=20,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("uploaded", "Uploaded"),
                            ("importing", "Importing"),
                            ("imported", "Imported"),
                            ("failed", "Failed"),
                            ("stopped", "Stopped"),
                        ],
                        default="uploaded",
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("reason_code", models.CharField(blank=True, editable=False, max_length=60)),
                ("reason", models.TextField(blank=True, editable=False)),
                (
                    "file",
                    models.FileField(
                        max_length=300, upload_to=batchcalls.models.stored_list.upload_path
                    ),
                ),
                ("file_name", models.CharField(max_length=255)),
                (
                    "digest",
                    models.CharField(
                        editable=False,
                        help_text="SHA-256: a list joins a batch once.",
                        max_length=64,
                    ),
                ),
                ("sheet", models.CharField(blank=True, help_text="Of a workbook.", max_length=100)),
                ("encoding", models.CharField(blank=True, max_length=40)),
                ("delimiter", models.CharField(blank=True, max_length=1)),
                ("headers", models.JSONField(default=list)),
                (
                    "samples",
                    models.JSONField(default=list, help_text="The first rows, to show columns by."),
                ),
                ("mapping", models.JSONField(default=list)),
                (
                    "region",
                    models.CharField(
                        default="US",
                        help_text="Country of numbers written without a country code.",
                        max_length=2,
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="Why nobody on it is called.", max_length=200
                    ),
                ),
                ("row_offset", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "split_through",
                    models.PositiveIntegerField(
                        default=0,
                        editable=False,
                        help_text="Last row of the file that is in a part.",
                    ),
                ),
                ("is_split", models.BooleanField(default=False, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lists",
                        to="batchcalls.batch",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "uploaded list",
                "ordering": ["created_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="ListPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("lease_token", models.UUIDField(editable=False, null=True)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                ("number", models.PositiveIntegerField()),
                (
                    "file",
                    models.FileField(
                        max_length=300, upload_to=batchcalls.models.stored_list.part_path
                    ),
                ),
                (
                    "row_count",
                    models.PositiveIntegerField(help_text="Rows in the part, blank ones too."),
                ),
                ("done_at", models.DateTimeField(editable=False, null=True)),
                (
                    "added",
                    models.PositiveIntegerField(
                        default=0, help_text="Rows that can be called, or listed."
                    ),
                ),
                (
                    "problems",
                    models.JSONField(
                        default=list,
                        help_text="Do-not-call lists: [row, raw number, code, sentence] each.",
                    ),
                ),
                (
                    "stored_list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="batchcalls.storedlist",
                    ),
                ),
            ],
            options={
                "ordering": ["stored_list", "number"],
            },
        ),
        migrations.AddIndex(
            model_name="storedlist",
            index=models.Index(fields=["status"], name="stored_list_by_status"),
        ),
        migrations.AddConstraint(
            model_name="storedlist",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["uploaded", "importing", "imported", "failed", "stopped"])
                ),
                name="stored_list_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedlist",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("batch__isnull", False), ("kind", "recipients")),
                    models.Q(("batch__isnull", True), ("kind", "do_not_call")),
                    _connector="OR",
                ),
                name="stored_list_batch_iff_recipients",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedlist",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["failed", "stopped"]), _negated=True),
                fields=("batch", "digest"),
                name="stored_list_joins_once",
            ),
        ),
        migrations.AddIndex(
            model_name="listpart",
            index=models.Index(
                condition=models.Q(("done_at__isnull", True)),
                fields=["stored_list", "number"],
                name="list_part_to_do",
            ),
        ),
        migrations.AddConstraint(
            model_name="listpart",
            constraint=models.UniqueConstraint(
                fields=("stored_list", "number"), name="list_part_unique_number"
            ),
        ),
        migrations.RunPython(keep_lists, migrations.RunPython.noop),
    ]
