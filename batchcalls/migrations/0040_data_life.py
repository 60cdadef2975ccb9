"""Keep erased numbers and purges; grant seeing numbers to everybody who could see them before."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

_LABEL = "Can see phone numbers in full"
#: What let people see numbers before this version.
_SAW = {
    "batchcalls": ("view_batch", "view_recipient", "view_callresult", "view_optoutreview"),
    "campaigns": ("view_suppression", "change_suppression", "export_suppression"),
}


def grant_numbers(apps: Any, schema_editor: Any) -> None:
    """Grant the permission to the groups and users who saw numbers, and print who they are."""
    Permission, ContentType, Group, User = (
        apps.get_model(*name)
        for name in (
            ("auth", "Permission"),
            ("contenttypes", "ContentType"),
            ("auth", "Group"),
            ("auth", "User"),
        )
    )
    using = schema_editor.connection.alias
    able = Q(pk__in=[])
    for app, names in _SAW.items():
        able |= Q(content_type__app_label=app, codename__in=names)
    before = set(Permission.objects.using(using).filter(able).values_list("pk", flat=True))
    groups = Group.objects.using(using).filter(permissions__in=before).distinct()
    users = User.objects.using(using).filter(user_permissions__in=before).distinct()
    holders = [
        *((f"group {group.name}", group.permissions) for group in groups.order_by("name")),
        *((f"user {user.username}", user.user_permissions) for user in users.order_by("pk")),
    ]
    if not holders:
        return
    kind, _ = ContentType.objects.using(using).get_or_create(
        app_label="batchcalls", model="erasednumber"
    )
    permission, _ = Permission.objects.using(using).get_or_create(
        content_type=kind, codename="view_numbers", defaults={"name": _LABEL}
    )
    for _, permissions in holders:
        permissions.add(permission)
    # To standard error, because a command may print JSON.
    names = ", ".join(name for name, _ in holders)
    sys.stderr.write(f"\n  “{_LABEL}” is a permission now, granted to: {names}.\n")


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("batchcalls", "0039_bounded_access"),
    ]

    operations = [
        migrations.CreateModel(
            name="ErasedNumber",
            fields=[
                ("pseudonym", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("erased_at", models.DateTimeField()),
            ],
            options={
                "permissions": [
                    ("view_numbers", "Can see phone numbers in full"),
                    ("disclose_number", "Can download everything about a number"),
                    ("erase_number", "Can erase what is stored about a number"),
                ],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Purge",
            fields=[
                ("lease_token", models.UUIDField(editable=False, null=True)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                ("kind", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("ran_at", models.DateTimeField(null=True)),
                ("deleted", models.BigIntegerField(default=0)),
            ],
            options={
                "ordering": ["kind"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="BatchPurge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("position", models.BigIntegerField(default=0)),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=models.deletion.CASCADE,
                        related_name="purges",
                        to="batchcalls.batch",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("batch", "kind"), name="batch_purge_once")
                ],
            },
        ),
        migrations.RunPython(grant_numbers, migrations.RunPython.noop, elidable=True),
    ]
