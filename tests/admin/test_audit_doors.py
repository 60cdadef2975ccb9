"""No page changes or shows anything protected without an entry in the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from batchcalls.batches import lifecycle
from batchcalls.models import AuditEntry, Batch
from tests.admin.audit_probes import PROBES
from tests.admin.test_roles import OPEN_TO_ALL, admin_patterns, permissions_of, world

__all__ = ["world"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

#: Pages about one's own second step.
SIGNING_IN = ("security_set_up", "security_codes", "security_off")
#: Pages that write no entry, by the reason.
SILENT: dict[str, str] = {
    **dict.fromkeys(
        OPEN_TO_ALL - {"password_change", *SIGNING_IN}, "for everybody; sign-ins have their own log"
    ),
    **dict.fromkeys(
        ["batchcalls_batch_template", "campaigns_campaign_preview", "autocomplete", "app_list"],
        "nothing of anybody is shown or changed",
    ),
    **dict.fromkeys(
        [
            f"batchcalls_batch_{page}"
            for page in ("columns", "preview", "glance", "voices", "rename", "mapping")
        ],
        "of a draft, or a name: the batch's own log",
    ),
    **dict.fromkeys(
        [
            *("batchcalls_batch_recipients", "batchcalls_batch_log", "batchcalls_batch_dry_run"),
            *("batchcalls_batch_settings", "batchcalls_batch_change", "batchcalls_batch_review"),
            *("batchcalls_recipient_change", "batchcalls_storedlist_change"),
            "batchcalls_export_change",
            *("batchcalls_optoutsource_change", "batchcalls_apikey_change"),
            *("batchcalls_auditentry_change", "batchcalls_optoutreview_change"),
            *("campaigns_suppression_number", "campaigns_suppression_removed"),
            *("campaigns_rulepackswitch_change", "restored", "retention"),
        ],
        "shows no transcript, recording, or secret",
    ),
    **dict.fromkeys(
        ["campaigns_campaign_import", "campaigns_suppression_import"],
        "a preview; the import itself is process_import",
    ),
    **dict.fromkeys(
        ["batchcalls_callresult_keep", "batchcalls_callresult_forget", "preferences"],
        "filters and preferences of one's own",
    ),
    **dict.fromkeys(
        [
            *("batchcalls_optoutreview_add", "batchcalls_optoutreview_delete"),
            *("campaigns_rulepackswitch_add", "campaigns_rulepackswitch_delete"),
        ],
        "nobody may",
    ),
    "campaigns_columnmapping_change": "a mapping changes no list that is imported",
    "batchcalls_voiceaccount_test": "asks the provider, and changes nothing",
    "batchcalls_batch_continue": "redirects to the step of a draft",
    "batchcalls_batch_clone": "the copy is a draft; its list is an entry",
    "batchcalls_batch_step_state": "asks whether a draft can still be changed",
    "batchcalls_batch_first_state": "asks whether the session goes on",
    "batchcalls_export_news": "shows which files of one’s own are ready",
    "batchcalls_export_dismiss": "changes only what one’s own session shows",
    "batchcalls_batch_again": "checks a draft again",
}
#: Lists and histories show names, which their readers may see.
LOOKING = re.compile(r"_(changelist|history)$")


#: Pages whose entries other tests show, because their probes need more than a request.
SHOWN_ELSEWHERE = {
    "campaigns_campaign_process_import": "test_audit_log.py",
    "campaigns_suppression_process_import": "test_audit_log.py",
    "batchcalls_callresult_recording": "test_call_page.py",
    "batchcalls_callresult_settle": "test_doubt_pages.py",
    "restored_settle": "test_restored_page.py",
    "batchcalls_voiceaccount_floor": "test_legal_floor_page.py",
    **dict.fromkeys([*SIGNING_IN, "sign_ins", "two_step_reset"], "test_audit_of_sign_in.py"),
    "campaigns_columnmapping_delete": "the same page as every other table's",
}


def pages() -> set[str]:
    names = {str(pattern.name) for pattern in admin_patterns()}
    return {name for name in names if not LOOKING.search(name)}


def test_every_page_leaves_an_entry_or_says_why_not() -> None:
    nobodys = {
        name
        for name in pages() - set(SILENT) - set(PROBES) - set(SHOWN_ELSEWHERE)
        if permissions_of(name) is None
    }
    known = set(SILENT) | set(PROBES) | set(SHOWN_ELSEWHERE)
    assert pages() - nobodys - known == set(), "Add a probe, or the reason why there is no entry."
    assert known - OPEN_TO_ALL <= pages(), "These pages are gone."


@pytest.mark.usefixtures("world")
def test_each_page_that_changes_or_shows_something_protected_leaves_its_entry() -> None:
    root = User.objects.create_superuser("root", password="secret battery")
    wrong = []
    for name, probe in PROBES.items():
        with transaction.atomic():
            client = Client()
            client.force_login(root)
            last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            try:
                answer = probe.send(client, name)
            except Exception as error:
                wrong.append(f"{name}: {error!r}")
                transaction.set_rollback(True)
                continue
            entries = AuditEntry.objects.filter(pk__gt=last, actor_name="root", door="page")
            found = list(entries.values_list("action", "kind", "address"))
            if (probe.action, probe.kind, "127.0.0.1") not in found:
                errors = {}
                if answer.context is not None:
                    shown = answer.context.get("form") or answer.context.get("adminform")
                    errors = getattr(getattr(shown, "form", shown), "errors", {})
                wrong.append(f"{name}: {answer.status_code}, {found}, {dict(errors or {})}")
            for close in answer._resource_closers:  # not close(): that ends the connection too
                close()
            transaction.set_rollback(True)
    assert not wrong, "\n".join(wrong)


def test_the_hot_path_writes_no_entry(make_batch: Any, run: Callable[..., Batch]) -> None:
    made = make_batch("+12025550190", "12", "+12025550194")
    lifecycle.submit(made, launch=True)
    last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True)[0]
    run(made, launch=False)
    assert not AuditEntry.objects.filter(pk__gt=last).exists()
