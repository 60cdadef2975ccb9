"""Roles: groups that every installation has, with their permissions by purpose.

A role is a normal group, and an administrator may change it. So an upgrade grants only permissions
that are new with it, and does not restore permissions that were removed by hand.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.apps.registry import Apps
from django.apps.registry import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS, connections

from batchcalls.access import audit
from batchcalls.models import AuditAction, AuditEntry
from campaigns.setting_permissions import PERMISSIONS

APPS = ("batchcalls", "campaigns")


def _of(app: str, verbs: str, models: str) -> frozenset[str]:
    return frozenset(f"{app}.{verb}_{model}" for model in models.split() for verb in verbs.split())


_POLICY = "callingpolicy callingwindow blackoutdate policyretryrule"

#: View batches, results and rules. Change nothing.
LOOK = (
    _of("batchcalls", "view", "batch batchevent recipient callresult callevent storedlist")
    | _of("batchcalls", "view", "voiceaccount workerheartbeat emergencystop")
    | _of("batchcalls", "view", "webhookendpoint webhookdelivery webhookattempt")
    | _of("batchcalls", "view", "optoutreview optoutsource")
    | _of("campaigns", "view", f"campaign pathway tool {_POLICY} columnmapping suppression")
    | _of("campaigns", "view", "rulepackswitch allowedhost")
)
#: See phone numbers in full; without it, they are masked everywhere.
NUMBERS = frozenset({"batchcalls.view_numbers"})
#: Answer people who ask what is stored about them, or to have it erased.
ANSWER = frozenset({"batchcalls.disclose_number", "batchcalls.erase_number"})
#: Set every class of call settings: what is said, where data goes, what a call costs.
SET = frozenset(PERMISSIONS.values())
#: Upload lists, launch, watch, pause and cancel. Export rejected rows to correct them.
OPERATE = (
    _of("batchcalls", "add change launch pause cancel export", "batch")
    | _of("batchcalls", "settle", "callresult")
    | _of("campaigns", "add change delete", "columnmapping")
)
#: Export results and call logs.
ANALYSE = _of("batchcalls", "export", "batch callresult")
#: Choose who receives webhooks, resend them, and connect systems that report opt-outs.
TELL = (
    _of("batchcalls", "add change delete", "webhookendpoint")
    | _of("batchcalls", "resend", "webhookdelivery")
    | _of("batchcalls", "add change", "optoutsource")
)
#: Edit conversations and rules, maintain the do-not-call list, say where data may go, stop all
#: calling.
MANAGE = (
    SET
    | _of("campaigns", "add change delete", f"campaign pathway tool {_POLICY} allowedhost")
    | _of("campaigns", "import export", "campaign suppression")
    | _of("campaigns", "add change delete", "suppression")
    | _of("campaigns", "switch", "rulepackswitch")
    | _of("batchcalls", "decide", "optoutreview")
    | _of("batchcalls", "engage", "emergencystop")
    | _of("batchcalls", "view add change manage", "apikey")
    | _of("batchcalls", "view export", "auditentry")
    | _of("batchcalls", "export", "recording")
    | _of("batchcalls", "view", "purge")
    | ANSWER
    | TELL
)
#: Use the API: what operators and analysts do, campaigns, and adding or removing do-not-call
#: numbers.
INTEGRATE = (
    SET
    | _of("campaigns", "add change delete", "campaign pathway tool")
    | _of("campaigns", "add delete", "suppression")
    | _of("batchcalls", "view add change", "apikey")
    | TELL
)

ROLES: dict[str, frozenset[str]] = {
    "Viewers": LOOK,
    "Operators": LOOK | NUMBERS | OPERATE,
    "Analysts": LOOK | NUMBERS | ANALYSE,
    "Managers": LOOK | NUMBERS | OPERATE | ANALYSE | MANAGE,
    "Integrators": LOOK | NUMBERS | OPERATE | ANALYSE | INTEGRATE,
}


def sync() -> dict[str, list[str]]:
    """Create missing roles and grant their missing permissions. Return what was granted.

    No group loses a permission. A second run grants nothing.
    """
    return {role: _grant(role, names) for role, names in ROLES.items()}


def on_post_migrate(
    using: str = DEFAULT_DB_ALIAS, apps: Apps = installed_apps, **kwargs: object
) -> None:
    """Fill new roles, and grant existing roles the permissions that are new.

    Create the permissions first: Django only does so after all apps have had this signal.
    """
    try:
        apps.get_model("auth", "Group")
    except LookupError:
        return
    known = set(_by_name(using))
    for label in APPS:
        create_permissions(
            installed_apps.get_app_config(label), using=using, apps=apps, verbosity=0
        )
    existing = set(Group.objects.using(using).values_list("name", flat=True))
    for role, names in ROLES.items():
        _grant(role, names - known if role in existing else names, using=using)


def _grant(role: str, names: Iterable[str], *, using: str = DEFAULT_DB_ALIAS) -> list[str]:
    group, is_new = Group.objects.using(using).get_or_create(name=role)
    permissions = _by_name(using)
    had = set(group.permissions.values_list("pk", flat=True))
    lacking = [name for name in sorted(names) if permissions.get(name) not in had | {None}]
    group.permissions.add(*(permissions[name] for name in lacking))
    if lacking and not is_new and _has_audit_log(using):
        audit.record(AuditAction.CHANGED, group, before={}, after={"granted": lacking})
    return lacking


def _has_audit_log(using: str) -> bool:
    """Return whether the audit log can be written: not while older versions are migrated."""
    tables = connections[using].introspection.table_names()
    return using == DEFAULT_DB_ALIAS and AuditEntry._meta.db_table in tables


def _by_name(using: str) -> dict[str, int]:
    rows = Permission.objects.using(using).filter(content_type__app_label__in=APPS).order_by()
    found = rows.values_list("content_type__app_label", "codename", "pk")
    return {f"{app}.{codename}": pk for app, codename, pk in found}
