"""Make the classes of call settings permissions, granted to everybody who could set them before.

Hosts that calls and batches send data to are listed as allowed, so that they still receive it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import migrations, models
from django.db.models import Q

from campaigns.allowed_hosts import addresses_in, host_of, validate_host
from campaigns.setting_permissions import DECLARED

_WROTE = {
    *(("batchcalls", f"{verb}_batch") for verb in ("add", "change")),
    *(("campaigns", f"{verb}_campaign") for verb in ("add", "change")),
}
#: What let people set a class of call settings before this version.
COULD_BEFORE = {
    "set_conversation": _WROTE
    | {
        ("campaigns", f"{verb}_{name}")
        for verb in ("add", "change")
        for name in ("pathway", "tool")
    },
    "set_data": _WROTE | {("batchcalls", "resend_webhookdelivery")},
    "set_cost": _WROTE,
}


def _say(line: str) -> None:
    """Write to standard error, because a command may print JSON."""
    sys.stderr.write(f"{line}\n")


def grant_classes(apps: Any, schema_editor: Any) -> None:
    """Grant each class to the groups and users who could set it, and print who they are.

    API keys act with the permissions of their owners, so that they need no grant of their own.
    """
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
    granted: dict[str, list[str]] = {}
    for codename, label in DECLARED:
        able = Q()
        for app, former in COULD_BEFORE[codename]:
            able |= Q(content_type__app_label=app, codename=former)
        before = set(Permission.objects.using(using).filter(able).values_list("pk", flat=True))
        groups = Group.objects.using(using).filter(permissions__in=before).distinct()
        users = User.objects.using(using).filter(user_permissions__in=before).distinct()
        holders = [
            *((f"group {group.name}", group.permissions) for group in groups.order_by("name")),
            *((f"user {user.username}", user.user_permissions) for user in users.order_by("pk")),
        ]
        if not holders:
            continue
        of_campaign, _ = ContentType.objects.using(using).get_or_create(
            app_label="campaigns", model="campaign"
        )
        permission, _ = Permission.objects.using(using).get_or_create(
            content_type=of_campaign, codename=codename, defaults={"name": label}
        )
        for name, permissions in holders:
            permissions.add(permission)
            granted.setdefault(name, []).append(f"“{label}”")
    if granted:
        _say("\n  Some call settings now need a permission. Who could set them before, still can:")
        for name, labels in granted.items():
            _say(f"    {name}: {', '.join(labels)}")
        _say("  Remove from groups what their members should not set; config/README.md lists it.")


def allow_hosts(apps: Any, schema_editor: Any) -> None:
    """List the hosts that campaigns, batches, and rows send data to, and print them."""
    using = schema_editor.connection.alias
    hosts = set()
    for url in _addresses(apps, using):
        try:
            validate_host(host_of(url))
        except ValidationError:
            continue
        hosts.add(host_of(url))
    AllowedHost = apps.get_model("campaigns", "AllowedHost")
    for host in sorted(hosts):
        AllowedHost.objects.using(using).get_or_create(
            host=host, defaults={"description": "In use before the list of allowed hosts."}
        )
    if hosts:
        _say("\n  Calls and batches may send data to these hosts only. They are in use already:")
        _say(f"    {', '.join(sorted(hosts))}")
        _say("  Remove under “Allowed hosts” what should not receive any.")


def _addresses(apps: Any, using: str) -> Iterator[str]:
    """Yield the addresses in call settings and in webhooks of batches."""
    Campaign = apps.get_model("campaigns", "Campaign")
    Batch, Recipient, StoredList = (
        apps.get_model("batchcalls", name) for name in ("Batch", "Recipient", "StoredList")
    )
    of_campaigns = Campaign.objects.using(using).values_list("call_settings", flat=True)
    for values in of_campaigns.iterator():
        yield from (url for _, url in addresses_in(values))
    fields = ("call_settings", "status_webhook", "batch_webhook")
    for values, *urls in Batch.objects.using(using).values_list(*fields).iterator():
        yield from (url for _, url in addresses_in(values))
        yield from filter(None, urls)
    named = {"webhook", "dynamic_data", "guard_rails", "voice_settings"}
    lists = StoredList.objects.using(using).exclude(batch=None).values_list("batch_id", "mapping")
    for batch_id, mapping in lists.iterator():
        if any(column.get("name") in named for column in mapping):
            rows = Recipient.objects.using(using).filter(batch_id=batch_id)
            for values in rows.values_list("call_settings", flat=True).iterator(chunk_size=5_000):
                yield from (url for _, url in addresses_in(values))


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("batchcalls", "0035_charges_and_purpose"),
        ("campaigns", "0009_setting_classes"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="set_by",
            field=models.JSONField(
                default=dict,
                editable=False,
                help_text="Who set call settings of each class, by the id of the user.",
            ),
        ),
        migrations.RunPython(grant_classes, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(allow_hosts, migrations.RunPython.noop, elidable=True),
    ]
