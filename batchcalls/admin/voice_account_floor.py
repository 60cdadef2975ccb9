"""The page on which a person lifts the legal floor of a voice account, or restores it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.pages import OwnPages
from batchcalls.batches import legal_floor
from batchcalls.database import clock
from batchcalls.models import VoiceAccount

WAIVE = "batchcalls.waive_voiceaccount"


class LiftForm(forms.Form):
    """How long calls may go beyond the legal floor, and why."""

    reason = forms.CharField(
        max_length=500,
        widget=AdminTextInputWidget,
        help_text="Shown on every batch of the account, and kept in its log.",
    )
    until = forms.DateField(
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The floor applies again after this day (UTC). At most a year from now.",
    )

    def clean_until(self) -> datetime:
        """Return the end of the day; refuse a day that `legal_floor.lift` does not take."""
        day = self.cleaned_data["until"]
        end = datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1)
        now = clock.now()
        if not now < end <= now + legal_floor.LONGEST:
            raise forms.ValidationError("Choose a day from today to a year from now.")
        return end


class VoiceAccountFloorPage(OwnPages[VoiceAccount]):
    """Adds the page of the legal floor."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page."""
        return [self.at("<int:pk>/legal-floor/", self.floor_view, "floor"), *super().get_urls()]

    def floor_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Explain the legal floor, and lift or restore it on confirmation."""
        require(request.user, WAIVE, "batchcalls.view_voiceaccount")
        account = get_object_or_404(VoiceAccount, pk=pk)
        is_lifted = account.is_beyond_floor(clock.now())
        data = request.POST if request.method == "POST" else None

        def restore() -> str:
            legal_floor.restore(account, actor=actor_of(request))
            return f"The legal floor of {account} applies again."

        def lift(reason: str, until: datetime) -> str:
            legal_floor.lift(account, until=until, reason=reason, actor=actor_of(request))
            return f"Calls through {account} may go beyond the legal floor."

        verb: Any = restore if is_lifted else lift
        return self.confirm(
            request,
            "voiceaccount/floor",
            verb,
            title="Restore the legal floor?" if is_lifted else "Go beyond the legal floor?",
            label="Restore the floor" if is_lifted else "Lift the floor",
            subject=account,
            tone="" if is_lifted else "danger",
            back=self.url_of("change", pk),
            back_label="Back to the account",
            form=None if is_lifted else LiftForm(data),
            account=account,
            is_lifted=is_lifted,
            events=legal_floor.log_of(account)[:10],
        )
