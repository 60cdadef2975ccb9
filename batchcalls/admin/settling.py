"""The page on which a person settles whether an unconfirmed call was placed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, reverse

from batchcalls.access.permissions import require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.pages import Done, OwnPages, act
from batchcalls.calling import unconfirmed
from batchcalls.models import CallResult
from batchcalls.states import CALL_GIVEN_UP


class SettleForm(forms.Form):
    """What a person found out about a call whose state the provider could not report."""

    verdict = forms.ChoiceField(
        label="What happened",
        choices=[
            ("placed", "The call was placed – don’t call again"),
            ("not_placed", "It was not placed: call again"),
        ],
        widget=forms.RadioSelect,
    )
    provider_call_id = forms.CharField(
        label="Provider's call ID",
        required=False,
        max_length=100,
        widget=AdminTextInputWidget,
        help_text="If it was placed, enter its ID to fetch the result from the provider.",
    )
    note = forms.CharField(
        required=False,
        max_length=500,
        widget=AdminTextInputWidget,
        help_text="How you know. Saved in the batch's log.",
    )

    def clean(self) -> dict[str, Any]:
        """Reject a call id for a call that was not placed."""
        data = super().clean() or {}
        if data.get("verdict") == "not_placed" and data.get("provider_call_id"):
            self.add_error("provider_call_id", "A call that was not placed has no id.")
        return data


class GivenUpForm(SettleForm):
    """The provider's id of a call whose attempt had been given up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["verdict"]
        self.fields["provider_call_id"].required = True
        self.fields["provider_call_id"].help_text = "The result is fetched from the provider."

    def clean(self) -> dict[str, Any]:
        """Take the call as placed, because it has an id."""
        return {**super().clean(), "verdict": "placed"}


class SettlingPage(OwnPages[CallResult]):
    """Adds the page on which an unconfirmed call is settled."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page."""
        return [
            self.at("<int:pk>/settle/", self.settle_view, "settle"),
            *super().get_urls(),
        ]

    def settle_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask whether an unconfirmed call was placed, and record the answer."""
        require(request.user, "batchcalls.settle_callresult")
        call = CallResult.objects.select_related("batch").filter(pk=pk).first()
        if call is None:
            raise Http404(
                "This attempt no longer exists: it was not sent, and its recipient is queued again."
            )
        was_given_up = call.status in CALL_GIVEN_UP
        form = (GivenUpForm if was_given_up else SettleForm)(request.POST or None)

        def settle(verdict: str, provider_call_id: str, note: str) -> Done | str | None:
            actor = actor_of(request)
            try:
                if verdict == "placed":
                    unconfirmed.was_placed(
                        call, actor=actor, provider_call_id=provider_call_id, note=note
                    )
                    return "Settled: it was placed."
                unconfirmed.was_not_placed(call, actor=actor, note=note)
            except unconfirmed.CannotSettle as refusal:
                form.add_error(None, str(refusal))
                return None
            batch_page = reverse("admin:batchcalls_batch_change", args=[call.batch_id])
            return Done(f"Settled: {call.to_number} is called again.", batch_page)

        return act(request, settle, form=form, back=self.url_of("change", pk)) or self.page(
            request,
            "callresult/settle",
            "Was this call placed?",
            call=call,
            form=form,
            was_given_up=was_given_up,
        )
