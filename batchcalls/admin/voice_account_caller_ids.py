"""The page of an account's caller IDs: add numbers, switch them off, cap them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.pages import OwnPages, act
from batchcalls.admin.voice_account_fields import NumbersField, read_caller_ids
from batchcalls.admin.voice_account_list import CHANGE
from batchcalls.calling import caller_id_changes
from batchcalls.models import CallerId, VoiceAccount

ROWS_SHOWN = 50


class CallerIdsForm(forms.Form):
    """Numbers to add, and the fields of the caller IDs on one page."""

    added = NumbersField(
        label="Add numbers",
        required=False,
        help_text="One per line, with country code, such as +12025550100.",
    )

    def __init__(self, account: VoiceAccount, rows: list[CallerId], *args: Any) -> None:
        super().__init__(*args)
        self._account, self._rows = account, rows
        for row in rows:
            number = row.e164
            self._add(row, "enabled", forms.BooleanField(required=False), f"{number} is on")
            cap = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
            self._add(row, "daily_cap", cap, f"Daily cap of {number}")
            note = forms.CharField(required=False, max_length=200)
            self._add(row, "note", note, f"Note on {number}")
            self._add(row, "remove", forms.BooleanField(required=False), f"Remove {number}")

    def _add(self, row: CallerId, name: str, field: forms.Field, label: str) -> None:
        field.initial = getattr(row, name, None)
        field.label = label
        field.widget.attrs["aria-label"] = label
        self.fields[_name(row, name)] = field

    def rows(self) -> Iterator[tuple[CallerId, dict[str, BoundField]]]:
        """Yield each caller ID and its fields by name."""
        for row in self._rows:
            names = ("enabled", "daily_cap", "note", "remove")
            yield row, {name: self[_name(row, name)] for name in names}

    def clean_added(self) -> list[str]:
        """Return the numbers to add as E.164."""
        numbers, wrong = read_caller_ids(self._account, self.cleaned_data["added"])
        if wrong:
            raise forms.ValidationError(wrong)
        return numbers

    def removed(self) -> list[CallerId]:
        """Return the caller IDs to remove."""
        return [row for row in self._rows if self.cleaned_data[_name(row, "remove")]]

    def changed(self) -> list[CallerId]:
        """Return the caller IDs with other values than before, and set these."""
        found = []
        for row in self._rows:
            names = ("enabled", "daily_cap", "note")
            if any(_name(row, name) in self.changed_data for name in names):
                for name in names:
                    setattr(row, name, self.cleaned_data[_name(row, name)])
                found.append(row)
        return found


def _name(row: CallerId, name: str) -> str:
    return f"{row.pk}-{name}"


class VoiceAccountCallerIdsPage(OwnPages[VoiceAccount]):
    """Adds the page of caller IDs."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page."""
        return [
            self.at("<int:pk>/caller-ids/", self.caller_ids_view, "caller_ids"),
            *super().get_urls(),
        ]

    def caller_ids_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show some of the account's caller IDs, and save changes."""
        require(request.user, CHANGE)
        account = get_object_or_404(VoiceAccount, pk=pk)
        rows = account.caller_ids.order_by("pk")
        page = Paginator(rows, ROWS_SHOWN).get_page(request.GET.get("page"))
        shown = list(page.object_list)
        if request.method == "POST":
            # Those that the person saw, unless they were removed meanwhile.
            seen = filter(str.isdecimal, request.POST.getlist("row")[:ROWS_SHOWN])
            shown = list(rows.filter(pk__in=[int(one[:18]) for one in seen]))
        form = CallerIdsForm(account, shown, request.POST if request.method == "POST" else None)

        def save(**values: Any) -> str:
            removed, changed = form.removed(), form.changed()
            added = values["added"]
            caller_id_changes.change(account, added=added, changed=changed, removed=removed)
            self.log_change(request, account, _in_words(added, changed, removed))
            return "Caller IDs saved."

        here = f"{self.url_of('caller_ids', pk)}?page={page.number}"
        return act(request, save, back=here, form=form) or self.page(
            request,
            "voiceaccount/caller_ids",
            f"Caller IDs of {account}",
            account=account,
            caller_id_form=form,
            listed=page,
        )


def _in_words(added: list[str], changed: list[CallerId], removed: list[CallerId]) -> str:
    parts = [f"Added {', '.join(added)}."] if added else []
    for row in changed:
        cap = "no daily cap" if row.daily_cap is None else f"daily cap {row.daily_cap:,}"
        parts.append(f"{row.e164}: {'on' if row.enabled else 'off'}, {cap}.")
    if removed:
        parts.append(f"Removed {', '.join(row.e164 for row in removed)}.")
    return f"Caller IDs: {' '.join(parts) or 'no change.'}"
