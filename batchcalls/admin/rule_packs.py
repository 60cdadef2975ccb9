"""The page of the rule packs: what they say, what holds for a number, and switching them off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.readonly import ReadOnlyAdmin
from batchcalls.batches import rule_switches
from batchcalls.database import clock
from batchcalls.reporting import explaining, rule_checks
from batchcalls.reporting.rule_checks import RuleCheck
from campaigns import e164
from campaigns.models import RulePackSwitch
from campaigns.rules.entries import Entry, Pack
from campaigns.rules.packs import in_force, packs
from campaigns.vocabulary import Purpose

VIEW, SWITCH = "campaigns.view_rulepackswitch", "campaigns.switch_rulepackswitch"
LOCAL_TIME = "%Y-%m-%dT%H:%M"
SWITCHES_SHOWN = 50


class CheckForm(forms.Form):
    """The call that is checked."""

    number = forms.CharField(max_length=40, widget=AdminTextInputWidget)
    postcode = forms.CharField(
        required=False, max_length=20, widget=AdminTextInputWidget, help_text="US ZIP code."
    )
    state = forms.CharField(required=False, max_length=40, widget=AdminTextInputWidget)
    purpose = forms.TypedChoiceField(
        choices=Purpose.choices, coerce=Purpose, initial=Purpose.MARKETING
    )
    at = forms.DateTimeField(
        label="Time",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL_TIME),
        help_text=f"{settings.TIME_ZONE}. Leave blank for now.",
    )

    def clean_number(self) -> e164.Number:
        """Read the number."""
        number = e164.parse(self.cleaned_data["number"], region=settings.DEFAULT_REGION)
        if isinstance(number, e164.NumberProblem):
            raise forms.ValidationError(number.message)
        return number

    def clean_at(self) -> datetime:
        """Refuse a time that `rule_checks.check` does not take."""
        at: datetime = self.cleaned_data["at"] or clock.now()
        if not rule_checks.EARLIEST <= at < rule_checks.LATEST:
            raise forms.ValidationError("Choose a time of this century.")
        return at

    def check(self) -> RuleCheck:
        """Return the answers of the rules to a valid form."""
        said = self.cleaned_data
        return rule_checks.check(
            said["number"],
            purpose=said["purpose"],
            at=said["at"],
            postcode=said["postcode"],
            state=said["state"],
        )


class SwitchOffForm(forms.Form):
    """Why rules do not hold, and until when."""

    reason = forms.CharField(
        max_length=500,
        widget=AdminTextInputWidget,
        help_text="Shown on every batch that rings people, and kept in the log.",
    )
    until = forms.DateTimeField(
        label="Until",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL_TIME),
        help_text=f"{settings.TIME_ZONE}. Leave blank until someone switches them on.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """An entry as the page shows it."""

    entry: Entry
    place: str
    #: Blank while it holds, or the reason why it does not.
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackCard:
    """A pack as the page shows it."""

    pack: Pack
    is_off: bool
    lines: tuple[EntryLine, ...]


@admin.register(RulePackSwitch)
class RulePackAdmin(ReadOnlyAdmin[RulePackSwitch]):
    """All packs are on one page; a switch has a page that asks for confirmation."""

    list_label = "Rule packs"

    def get_urls(self) -> list[URLPattern]:
        """Add the switch."""
        return [
            self.at("switch/<str:pack>/", self.switch_view, "switch_pack"),
            self.at("switch/<str:pack>/<slug:entry>/", self.switch_view, "switch_entry"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the packs, and what holds for a number."""
        require(request.user, VIEW)
        form = CheckForm(request.GET if "number" in request.GET else None)
        found = form.check() if form.is_bound and form.is_valid() else None
        now = clock.now()
        switches = RulePackSwitch.objects.select_related("created_by", "ended_by")
        return self.page(
            request,
            "rulepackswitch/change_list",
            self.list_label,
            cards=list(_cards(RulePackSwitch.objects.keys(now), now)),
            switches=switches[:SWITCHES_SHOWN],
            may_switch=request.user.has_perm(SWITCH),
            form=form,
            found=found,
            answers=[(explaining.name_of(rule), text) for rule, text in found.checks]
            if found
            else [],
        )

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Redirect to the page of all packs, which shows the log."""
        require(request.user, VIEW)
        return redirect(self.url_of("changelist"))

    def history_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Redirect to the page of all packs, which shows the log."""
        return self.change_view(request, object_id)

    def switch_view(self, request: HttpRequest, pack: str, entry: str = "") -> HttpResponse:
        """Switch a pack or an entry off, or on again, on confirmation."""
        require(request.user, SWITCH, VIEW)
        known = packs().get(pack)
        lines = [one for one in known.entries if entry in {"", one.id}] if known else []
        if not lines:
            raise Http404("There is no such rule pack or entry.")
        key = f"{pack}/{entry}" if entry else pack
        is_off = key in RulePackSwitch.objects.keys(clock.now())

        def on() -> str:
            rule_switches.switch_on(key, actor=actor_of(request))
            return f"Rules of {key} apply again."

        def off(reason: str, until: datetime | None) -> str:
            rule_switches.switch_off(key, reason=reason, until=until, actor=actor_of(request))
            return f"Rules of {key} are switched off."

        verb: Any = on if is_off else off
        return self.confirm(
            request,
            "rulepackswitch/switch",
            verb,
            title=f"Switch {key} {'on' if is_off else 'off'}?",
            label="Switch on" if is_off else "Switch off",
            subject=key,
            tone="" if is_off else "danger",
            back=self.url_of("changelist"),
            back_label="Back to rule packs",
            form=None if is_off else SwitchOffForm(request.POST or None),
            refusals=(rule_switches.SwitchRefused,),
            lines=lines,
            is_off=is_off,
        )


def _cards(off: frozenset[str], now: datetime) -> Iterator[PackCard]:
    for pack in packs().values():
        yield PackCard(
            pack=pack,
            is_off=pack.code in off,
            lines=tuple(
                EntryLine(
                    entry=entry,
                    place=rule_checks.name_of(entry.place),
                    state=_state(entry, off, now),
                )
                for entry in pack.entries
            ),
        )


def _state(entry: Entry, off: frozenset[str], now: datetime) -> str:
    """Return why an entry does not hold; blank if it does."""
    if entry.pack in off or entry.key in off:
        return "Switched off"
    if entry.effective and entry.effective > in_force(now):
        return f"From {entry.effective}"
    return "" if entry.enforced else "Information only"
