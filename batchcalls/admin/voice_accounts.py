"""Voice accounts: the page of an account, and its connection test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.voice_account_caller_ids import VoiceAccountCallerIdsPage
from batchcalls.admin.voice_account_floor import WAIVE, VoiceAccountFloorPage
from batchcalls.admin.voice_account_form import VoiceAccountForm, written
from batchcalls.admin.voice_account_list import CHANGE, VoiceAccountListPage
from batchcalls.batches import budgets, overcharging
from batchcalls.calling import caller_id_changes, connection_check
from batchcalls.calling.connection_check import ConnectionCheck
from batchcalls.database import clock
from batchcalls.models import VoiceAccount
from batchcalls.reporting import budget_figures
from batchcalls.reporting.account_figures import use_of
from batchcalls.reporting.formatting import money
from batchcalls.reporting.tables.voice_accounts import prices_of
from batchcalls.reporting.waiting import held_message
from batchcalls.voice.credentials import Variable
from batchcalls.voice.options import options_of

#: Of the account's log, on its page.
EVENTS_SHOWN = 10
#: Session key that holds the result of a test until the page shows it.
RESULT = "voice_account_check"
#: Headings of a result, for a provider that was contacted and for a test without a request.
HEADINGS = {
    "success": "The connection works.",
    "warning": "It answers, but calls may fail.",
    "danger": "The connection does not work.",
}
NOT_ASKED = {
    "success": "Nothing to test.",
    "warning": "Calls may fail.",
    "danger": "The account cannot be used.",
}


@admin.register(VoiceAccount)
class VoiceAccountAdmin(VoiceAccountCallerIdsPage, VoiceAccountFloorPage, VoiceAccountListPage):
    form = VoiceAccountForm
    add_form_template = change_form_template = "admin/batchcalls/voiceaccount/change_form.html"

    def get_fields(self, request: HttpRequest, obj: VoiceAccount | None = None) -> Any:
        """Leave the switch to its own page once the account exists."""
        fields = list(VoiceAccountForm.Meta.fields)
        if obj is not None:
            fields.remove("enabled")
        return fields

    def get_urls(self) -> list[URLPattern]:
        """Add the connection test."""
        return [
            self.at("<int:pk>/test-connection/", self.test_connection_view, "test"),
            *super().get_urls(),
        ]

    def test_connection_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Test the account's connection. The account's page shows the result."""
        require(request.user, CHANGE)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        account = get_object_or_404(VoiceAccount, pk=pk)
        result = connection_check.check(account)
        request.session[RESULT] = {"account": account.pk, **shown(result)}
        return redirect("admin:batchcalls_voiceaccount_change", pk)

    def save_model(
        self,
        request: HttpRequest,
        obj: VoiceAccount,
        form: ModelForm[VoiceAccount],
        change: bool,
    ) -> None:
        """Save only the form's fields: workers write the lease and the pace in the meantime."""
        if change:
            obj.save(update_fields=[*self.get_fields(request, obj), "options"])
        else:
            obj.save()
            caller_id_changes.change(obj, added=form.cleaned_data["caller_ids"])
        if change and set(VoiceAccountForm.PRICES) & set(form.changed_data):
            overcharging.forget(obj)
        if {"daily_budget", "monthly_budget"} & set(form.changed_data):
            budgets.account_changed(obj, actor=actor_of(request))

    def response_add(
        self, request: HttpRequest, obj: VoiceAccount, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Redirect to the account's page, where its connection can be tested."""
        return self._saved(request, obj)

    def response_change(self, request: HttpRequest, obj: VoiceAccount) -> HttpResponse:
        """Stay on the account's page."""
        return self._saved(request, obj)

    def _saved(self, request: HttpRequest, account: VoiceAccount) -> HttpResponse:
        self.message_user(request, f"The account {account} is saved.", messages.SUCCESS)
        for one in missing(account):
            said = f"{one.name} is not set where this page runs: set it for web and workers."
            self.message_user(request, one.problem or said, messages.WARNING)
        if not self.has_view_or_change_permission(request, account):
            return redirect("admin:index")
        return redirect("admin:batchcalls_voiceaccount_change", account.pk)

    def render_change_form(  # noqa: PLR0917 - as Django calls it
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: VoiceAccount | None = None,
    ) -> HttpResponse:
        """Add facts about the account to the context of its form."""
        form: Any = context["adminform"].form
        can_edit = self.has_change_permission(request, obj) if obj else True
        context |= {
            "form": form,
            "can_edit": can_edit,
            "time_zone": settings.TIME_ZONE,
            "can_delete": obj is not None and self.has_delete_permission(request, obj),
        }
        if obj is not None:
            # Use the stored row: an invalid form has changed its instance.
            account = VoiceAccount.objects.get(pk=obj.pk)
            result = request.session.pop(RESULT, None)
            context |= {
                "account": account,
                "caller_ids": list(account.caller_ids.order_by("pk")),
                "reach": account.permitted.listed_in_words() if account.permitted else "",
                "held": held_message(account, now=clock.now()),
                "is_beyond_floor": account.is_beyond_floor(clock.now()),
                "may_waive": account.dials_people and request.user.has_perm(WAIVE),
                "use": use_of(account),
                "budgets": budget_figures.of_account(account),
                "events": account.events.select_related("actor")[:EVENTS_SHOWN],
                "variables": account.provider_class.environment(account.options),
                "sends_webhooks": account.provider_class.sends_webhooks,
                "prices": prices_of(account),
                "options": effective_options(account),
                "result": result if result and result["account"] == account.pk else None,
            }
        return super().render_change_form(request, context, add, change, form_url, obj)


def shown(result: ConnectionCheck) -> dict[str, Any]:
    """Return a result as text, in a form that a session can store."""
    facts = [] if result.seconds is None else [("Took", f"{result.seconds * 1000:,.0f} ms")]
    report = result.report
    if report is not None:
        facts += [
            (label, value)
            for label, value in (
                ("Asked", report.address),
                ("Account", report.status),
                (
                    "Balance",
                    "" if report.balance is None else money(report.balance, report.currency),
                ),
            )
            if value
        ]
    warning = report.warning if report else ""
    told = HEADINGS[result.tone] if result.seconds is not None else NOT_ASKED[result.tone]
    text = " ".join(filter(None, [result.sentence, warning]))
    return {"tone": result.tone, "heading": told, "text": text, "facts": facts}


def missing(account: VoiceAccount) -> list[Variable]:
    """Return the variables that calls need and that this process does not have."""
    variables = account.provider_class.environment(account.options)
    return [one for one in variables if one.problem or (one.is_required and not one.is_set)]


def effective_options(account: VoiceAccount) -> list[tuple[str, str, bool]]:
    """Return each option's label, its value as text, and whether that is the default."""
    stored = account.options if isinstance(account.options, dict) else {}
    found = []
    for one in options_of(account.provider_class.options_type):
        value = stored.get(one.name, one.default)
        if isinstance(value, Mapping):
            value = ", ".join(f"{part} {written(weight)}" for part, weight in value.items())
        found.append((one.label, written(value), one.name not in stored))
    return found
