"""The permissions of a group or a user as a table in our own words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib.auth.models import Permission
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from batchcalls.access.roles import ROLES

VERBS = ("view", "add", "change", "delete")

#: What permissions are about, in the order of the sidebar: the table of each, and its label.
ABOUT = {
    "batchcalls.batch": "Batches",
    "batchcalls.recipient": "Recipients",
    "batchcalls.batchevent": "Batch logs",
    "batchcalls.callresult": "Call logs",
    "batchcalls.callevent": "Provider events",
    "batchcalls.erasednumber": "Phone numbers",
    "batchcalls.storedlist": "Lists",
    "batchcalls.export": "Exports of everyone",
    "campaigns.columnmapping": "Column mappings",
    "campaigns.campaign": "Campaigns",
    "campaigns.pathway": "Pathways",
    "campaigns.tool": "Tools",
    "campaigns.callingpolicy": "Calling policies",
    "campaigns.callingwindow": "Hours of policies",
    "campaigns.blackoutdate": "Dates of policies",
    "campaigns.policyretryrule": "Retries of policies",
    "campaigns.rulepackswitch": "Rule packs",
    "campaigns.suppression": "Do-not-call list",
    "batchcalls.optoutreview": "Opt-out reviews",
    "batchcalls.optoutsource": "Opt-out sources",
    "batchcalls.emergencystop": "Emergency stop",
    "batchcalls.voiceaccount": "Voice accounts",
    "batchcalls.webhookendpoint": "Webhook endpoints",
    "batchcalls.webhookdelivery": "Webhook deliveries",
    "batchcalls.webhookattempt": "Webhook attempts",
    "campaigns.allowedhost": "Allowed hosts",
    "batchcalls.apikey": "API keys",
    "auth.user": "Users",
    "auth.group": "Groups",
    "batchcalls.workerheartbeat": "Workers",
    "batchcalls.auditentry": "Audit log",
    "batchcalls.purge": "Retention",
}
#: Permissions that no role has, because only administrators need them.
OF_ADMINISTRATORS = {
    "batchcalls.view_export",
    *(f"batchcalls.{verb}_voiceaccount" for verb in ("add", "change", "delete", "waive")),
    *(f"auth.{verb}_{model}" for verb in VERBS for model in ("user", "group")),
}
#: The others do nothing: nobody writes these tables by hand.
OFFERED = OF_ADMINISTRATORS.union(*ROLES.values())
_OWN_WORDS = {"engage_emergencystop": "Stop and resume all calling"}


@dataclass(frozen=True, slots=True)
class Box:
    """A permission: its key, its label, and whether it is granted."""

    pk: int
    label: str
    is_granted: bool


@dataclass(slots=True)
class Row:
    """The permissions about one thing: a box or None for each verb, and those beyond them."""

    label: str
    verbs: dict[str, Box | None] = field(default_factory=lambda: dict.fromkeys(VERBS))
    others: list[Box] = field(default_factory=list)


def rows_of(granted: Iterable[Any]) -> tuple[list[Row], list[int]]:
    """Return the rows of the table, and the granted permissions that it does not show."""
    keys = set(map(str, granted))
    rows = {about: Row(label) for about, label in ABOUT.items()}
    unseen = []
    for permission in Permission.objects.select_related("content_type").order_by("pk"):
        kind, is_granted = permission.content_type, str(permission.pk) in keys
        row = rows.get(f"{kind.app_label}.{kind.model}")
        if row is None or f"{kind.app_label}.{permission.codename}" not in OFFERED:
            unseen += [permission.pk] if is_granted else []
            continue
        verb = permission.codename.removesuffix(f"_{kind.model}")
        if verb in VERBS:
            row.verbs[verb] = Box(permission.pk, f"{row.label}: {verb}", is_granted)
        else:
            row.others.append(Box(permission.pk, _words(permission), is_granted))
    return [row for row in rows.values() if row.others or any(row.verbs.values())], unseen


def shown(granted: Iterable[Permission]) -> SafeString:
    """Return the table for people who may not change it."""
    rows, _ = rows_of(permission.pk for permission in granted)
    return render_to_string("admin/widgets/permissions.html", {"rows": rows, "verbs": VERBS})


class PermissionTable(forms.SelectMultiple):
    """A table of check boxes. Granted permissions that it does not show are kept."""

    template_name = "admin/widgets/permissions.html"
    use_fieldset = True

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Return the rows instead of a choice for each permission."""
        rows, unseen = rows_of(value or ())
        return {"name": name, "rows": rows, "verbs": VERBS, "unseen": unseen, "is_editable": True}


def _words(permission: Permission) -> str:
    words = permission.name.removeprefix("Can ")
    return _OWN_WORDS.get(permission.codename, words[:1].upper() + words[1:])
