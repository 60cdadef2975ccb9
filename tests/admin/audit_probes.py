"""What is sent to each page of the back office, and the audit entry that it must leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import BaseFormSet
from django.test import Client
from django.urls import reverse

from batchcalls.access import api_keys
from batchcalls.batches import halts, opt_out_sources, reviewing, suppressing
from batchcalls.batches.suppressing import NewEntry
from batchcalls.models import (
    ApiKey,
    AuditAction,
    Batch,
    CallResult,
    EmergencyStop,
    Export,
    OptOutReview,
    OptOutSource,
    StoredList,
    VoiceAccount,
    WebhookDelivery,
    WebhookEndpoint,
)
from batchcalls.states import ExportStatus
from campaigns.models import (
    AllowedHost,
    CallingPolicy,
    Campaign,
    Pathway,
    Suppression,
    SuppressionSource,
    Tool,
)
from campaigns.opt_outs_heard import Heard
from tests.access.signing_in import sign_in, with_app

A = AuditAction
NUMBER = "+12025550133"
PASSWORD = "correct horse battery"
#: A number of no list, which nothing stands against erasing.
ELSEWHERE = "+442079460999"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A request to a page, and the entry that it must leave."""

    action: AuditAction
    kind: str
    args: Callable[[], list[Any]] = list
    data: Callable[[], dict[str, Any]] | None = dict
    #: Fields that differ from what the page's own form has.
    changes: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[], Any] = lambda: None

    def send(self, client: Client, name: str) -> Any:
        self.prepare()
        url = reverse(f"admin:{name}", args=self.args())
        if self.data is None:
            return client.get(url)
        return client.post(url, {**filled(client.get(url)), **self.data(), **self.changes})


def filled(answer: Any) -> dict[str, Any]:
    """Return what a browser would post if nothing on the page was changed."""
    found: dict[str, Any] = {}
    context = answer.context
    forms = []
    for name in ("form", "adminform"):
        if context is not None and name in context:
            forms.append(getattr(context[name], "form", context[name]))
    for inline in (context or {}).get("inline_admin_formsets") or []:
        formset: BaseFormSet[Any] = inline.formset
        forms += [formset.management_form, *formset.forms]
    for form in forms:
        for bound in form or []:
            value = bound.value()
            if value is None or value is False or bound.field.disabled:
                continue
            found[bound.html_name] = "on" if value is True else value
    return found


def first(model: type[Any], **fields: Any) -> Callable[[], list[Any]]:
    return lambda: [model.objects.filter(**fields).order_by("pk").values_list("pk", flat=True)[0]]


def batch(name: str) -> Callable[[], list[Any]]:
    return first(Batch, name=name)


def listed() -> None:
    suppressing.add([NewEntry(e164="+12025550177", source=SuppressionSource.MANUAL)])


def reviewed() -> None:
    call = CallResult.objects.order_by("pk")[0]
    reviewing.open_reviews({call: Heard(text="stop", language="en")})


def with_recording() -> None:
    CallResult.objects.update(recording_url="https://media.example.com/1.mp3")


def held() -> None:
    VoiceAccount.objects.update(held_until="2999-01-01T00:00:00Z", held_code="x", held_reason="x")


def written() -> None:
    export = Export.objects.get()
    export.file.save("results.xlsx", SimpleUploadedFile("results.xlsx", b"x"), save=False)
    export.status = ExportStatus.DONE
    export.save()


def upload() -> SimpleUploadedFile:
    content = b"phone_number,business_name\n+12025550199,Shop\n"
    return SimpleUploadedFile("more.csv", content)


def unused() -> None:
    """Add a row of each table that nothing else needs, before all others."""
    Campaign.objects.create(pk=-1, name="Unused", prompt="Hi.")
    CallingPolicy.objects.create(pk=-1, name="Unused")
    AllowedHost.objects.create(pk=-1, host="unused.example.com")
    VoiceAccount.objects.create(pk=-1, name="Unused")


def with_key() -> None:
    api_keys.create(User.objects.order_by("pk")[0], name="a program", scopes=["batches:read"])


def deed(kind: str, model: type[Any], **actions: AuditAction) -> dict[str, Probe]:
    return {
        f"{kind.replace('.', '_')}_{name}": Probe(action=action, kind=kind, args=first(model))
        for name, action in actions.items()
    }


def stock(kind: str, model: type[Any], new: dict[str, Any], **changes: Any) -> dict[str, Probe]:
    """Return the probes of Django's own pages: add, change, delete."""
    table = kind.replace(".", "_")
    args = first(model)
    return {
        f"{table}_add": Probe(action=A.ADDED, kind=kind, changes=new),
        f"{table}_change": Probe(action=A.CHANGED, kind=kind, args=args, changes=changes),
        f"{table}_delete": Probe(
            action=A.DELETED, kind=kind, args=args, changes={"post": "yes"}, prepare=unused
        ),
    }


def of_batch(name: str, page: str, action: AuditAction, **changes: Any) -> dict[str, Probe]:
    return {
        f"batchcalls_batch_{page}": Probe(
            action=action, kind="batchcalls.batch", args=batch(name), changes=changes
        )
    }


def another() -> User:
    """Return a person who is not the one who does all this."""
    return User.objects.get_or_create(username="another", defaults={"is_staff": True})[0]


PROBES: dict[str, Probe] = {
    **stock(
        "auth.user",
        User,
        {"username": "new", "password1": PASSWORD, "password2": PASSWORD},
        first_name="Ann",
    ),
    "auth_user_password_change": Probe(
        action=A.CHANGED,
        kind="auth.user",
        args=lambda: [another().pk],
        changes={"password1": "correct horse 1", "password2": "correct horse 1"},
    ),
    "two_step_reset": Probe(
        action=A.SWITCHED_OFF,
        kind="auth.user",
        args=lambda: [another().pk],
        prepare=lambda: with_app(another()),
    ),
    "sign_ins": Probe(
        action=A.CHANGED,
        kind="auth.user",
        changes={"username": "another", "address": "203.0.113.1"},
        prepare=lambda: sign_in(Client(), another().username, "wrong"),
    ),
    **stock("auth.group", Group, {"name": "Night shift"}, name="Watchers"),
    "password_change": Probe(
        action=A.CHANGED,
        kind="auth.user",
        changes={
            **{"old_password": "secret battery", "new_password1": "correct horse 1"},
            "new_password2": "correct horse 1",
        },
    ),
    # Reusable prompts or pathways, call settings, and policies.
    **stock("campaigns.campaign", Campaign, {"name": "New", "prompt": "Hi."}, prompt="Good day."),
    **stock("campaigns.pathway", Pathway, {"name": "New", "pathway_id": "pw-9"}, version="2"),
    **stock("campaigns.tool", Tool, {"name": "New", "reference": "TL-9"}, description="x"),
    **stock("campaigns.allowedhost", AllowedHost, {"host": "new.example.com"}, description="x"),
    **stock("campaigns.callingpolicy", CallingPolicy, {"name": "New"}, description="x"),
    "campaigns_campaign_export": Probe(
        action=A.EXPORTED, kind="campaigns.campaign", changes={"format": "0"}
    ),
    "campaigns_rulepackswitch_switch_pack": Probe(
        action=A.SWITCHED_OFF,
        kind="campaigns.rulepackswitch",
        args=lambda: ["us"],
        changes={"reason": "x", "confirmed": "on"},
    ),
    "campaigns_rulepackswitch_switch_entry": Probe(
        action=A.SWITCHED_OFF,
        kind="campaigns.rulepackswitch",
        args=lambda: ["us", "florida"],
        changes={"reason": "x", "confirmed": "on"},
    ),
    # Whom not to call.
    "campaigns_suppression_add": Probe(
        action=A.ADDED, kind="campaigns.suppression", changes={"numbers": "+12025550188"}
    ),
    "campaigns_suppression_change": Probe(
        action=A.CHANGED,
        kind="campaigns.suppression",
        args=first(Suppression),
        changes={"reason": "asked"},
    ),
    "campaigns_suppression_delete": Probe(
        action=A.DELETED,
        kind="campaigns.suppression",
        args=first(Suppression),
        changes={"why": "came back"},
    ),
    "campaigns_suppression_export": Probe(
        action=A.EXPORTED, kind="campaigns.suppression", changes={"format": "0"}
    ),
    "campaigns_suppression_proof": Probe(
        action=A.EXPORTED, kind="campaigns.suppression", args=lambda: [NUMBER, "json"], data=None
    ),
    "campaigns_suppression_archive": Probe(
        action=A.EXPORTED, kind="batchcalls.erasednumber", args=lambda: [NUMBER]
    ),
    "campaigns_suppression_erase": Probe(
        action=A.ERASED,
        kind="batchcalls.erasednumber",
        args=lambda: [ELSEWHERE],
        data=lambda: {"confirmation": ELSEWHERE},
    ),
    "batchcalls_storedlist_add_do_not_call": Probe(
        action=A.IMPORTED, kind="batchcalls.storedlist", data=lambda: {"file": upload()}
    ),
    "batchcalls_storedlist_export_do_not_call": Probe(
        action=A.EXPORTED, kind="campaigns.suppression", data=None
    ),
    "batchcalls_storedlist_not_taken_in": Probe(
        action=A.EXPORTED,
        kind="batchcalls.storedlist",
        args=first(StoredList),
        data=None,
        prepare=lambda: StoredList.objects.update(kind="do_not_call", batch=None),
    ),
    "batchcalls_optoutreview_decide": Probe(
        action=A.DECIDED,
        kind="batchcalls.optoutreview",
        args=first(OptOutReview),
        changes={"decision": "opted_out"},
        prepare=reviewed,
    ),
    "batchcalls_optoutsource_add": Probe(
        action=A.ADDED, kind="batchcalls.optoutsource", changes={"name": "Helpdesk"}
    ),
    **deed(
        "batchcalls.optoutsource", OptOutSource, rotate=A.SECRET_ROTATED, disable=A.SWITCHED_OFF
    ),
    "batchcalls_optoutsource_enable": Probe(
        action=A.SWITCHED_ON,
        kind="batchcalls.optoutsource",
        args=first(OptOutSource),
        prepare=lambda: opt_out_sources.switch(OptOutSource.objects.get(), on=False),
    ),
    # Who is told, and by which key.
    "batchcalls_webhookendpoint_add": Probe(
        action=A.ADDED,
        kind="batchcalls.webhookendpoint",
        changes={"url": "https://new.example.com/h", "events": "batch.status"},
    ),
    "batchcalls_webhookendpoint_edit": Probe(
        action=A.CHANGED,
        kind="batchcalls.webhookendpoint",
        args=first(WebhookEndpoint),
        changes={"url": "https://new.example.com/h"},
    ),
    "batchcalls_webhookendpoint_change": Probe(
        action=A.SECRET_SHOWN,
        kind="batchcalls.webhookendpoint",
        args=first(WebhookEndpoint),
        data=None,
    ),
    **deed(
        "batchcalls.webhookendpoint",
        WebhookEndpoint,
        rotate=A.SECRET_ROTATED,
        disable=A.SWITCHED_OFF,
        delete=A.DELETED,
        test=A.TESTED,
    ),
    "batchcalls_webhookendpoint_enable": Probe(
        action=A.SWITCHED_ON,
        kind="batchcalls.webhookendpoint",
        args=first(WebhookEndpoint),
        prepare=lambda: WebhookEndpoint.objects.update(
            enabled=False, disabled_at="2026-01-01T00:00:00Z"
        ),
    ),
    "batchcalls_callresult_again": Probe(
        action=A.REOPENED,
        kind="batchcalls.batch",
        args=lambda: CallResult.objects.filter(
            batch__name="Over", recipient__status="done"
        ).values_list("pk", flat=True)[:1],
    ),
    "batchcalls_webhookdelivery_resend": Probe(
        action=A.SENT_AGAIN, kind="batchcalls.webhookdelivery", args=first(WebhookDelivery)
    ),
    "batchcalls_webhookdelivery_change": Probe(
        action=A.VIEWED,
        kind="batchcalls.callresult",
        args=lambda: (
            WebhookDelivery.objects.exclude(call=None)
            .exclude(call__transcript=[])
            .values_list("pk", flat=True)[:1]
        ),
        data=None,
    ),
    "batchcalls_apikey_add": Probe(
        action=A.ADDED,
        kind="batchcalls.apikey",
        changes={"name": "new", "scopes": "batches:read"},
    ),
    "batchcalls_apikey_revoke": Probe(
        action=A.REVOKED, kind="batchcalls.apikey", args=first(ApiKey), prepare=with_key
    ),
    # Accounts, and what stops them.
    **stock(
        "batchcalls.voiceaccount",
        VoiceAccount,
        {"name": "Second", "provider": "simulator"},
        cps="7",
    ),
    "batchcalls_voiceaccount_caller_ids": Probe(
        action=A.CHANGED,
        kind="batchcalls.voiceaccount",
        args=first(VoiceAccount),
        changes={"added": "+12025550101"},
    ),
    "batchcalls_voiceaccount_switch": Probe(
        action=A.SWITCHED_OFF,
        kind="batchcalls.voiceaccount",
        args=first(VoiceAccount),
        changes={"to": "off"},
    ),
    "batchcalls_voiceaccount_try_now": Probe(
        action=A.CHANGED, kind="batchcalls.voiceaccount", args=first(VoiceAccount), prepare=held
    ),
    "emergency_stop": Probe(
        action=A.STOPPED, kind="batchcalls.emergencystop", changes={"reason": "x"}
    ),
    "emergency_lift": Probe(
        action=A.RESUMED,
        kind="batchcalls.emergencystop",
        data=lambda: {"stop": EmergencyStop.objects.get().pk},
        prepare=lambda: halts.engage(None, "x"),
    ),
    # Batches and calls.
    "batchcalls_batch_add": Probe(
        action=A.IMPORTED,
        kind="batchcalls.storedlist",
        data=lambda: {"file": upload(), "prompt": "Hi.", "purpose": "informational"},
    ),
    "batchcalls_batch_upload": Probe(
        action=A.IMPORTED,
        kind="batchcalls.storedlist",
        args=batch("Draft"),
        data=lambda: {"file": upload()},
    ),
    "batchcalls_batch_add_rows": Probe(
        action=A.IMPORTED,
        kind="batchcalls.storedlist",
        args=batch("Paused"),
        data=lambda: {"file": upload()},
    ),
    **of_batch("Draft", "test_call", A.LAUNCHED, number="+12025550144"),
    **of_batch("Calling", "pause", A.PAUSED),
    **of_batch("Paused", "resume", A.RESUMED),
    **of_batch("Calling", "cancel", A.CANCELED),
    **of_batch("Draft", "delete_draft", A.DELETED),
    **of_batch("Calling", "budget", A.CHANGED, budget="5"),
    **of_batch("Over", "retry", A.REOPENED),
    "batchcalls_batch_export": Probe(
        action=A.EXPORTED,
        kind="batchcalls.batch",
        args=lambda: [*batch("Over")(), "results", "csv"],
        data=None,
    ),
    "batchcalls_export_file": Probe(
        action=A.DOWNLOADED,
        kind="batchcalls.export",
        args=first(Export),
        data=None,
        prepare=written,
    ),
    "batchcalls_callresult_export": Probe(
        action=A.EXPORTED, kind="batchcalls.callresult", args=lambda: ["csv"], data=None
    ),
    "batchcalls_callresult_change": Probe(
        action=A.VIEWED,
        kind="batchcalls.callresult",
        args=lambda: [CallResult.objects.exclude(transcript=[]).values_list("pk", flat=True)[0]],
        data=None,
    ),
    "batchcalls_auditentry_export": Probe(
        action=A.EXPORTED, kind="batchcalls.auditentry", data=None
    ),
}
