"""For administrators: who is locked out, failed sign-ins, and lifting locks."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from batchcalls.access import throttling, two_step
from batchcalls.access.permissions import Denied, require
from batchcalls.admin.actor import actor_of
from batchcalls.admin.pages import Done, act

PERMISSION = "auth.change_user"
#: How many failures the page shows.
FAILURES_SHOWN = 100


class UnlockForm(forms.Form):
    """The lock to lift: of a name, an address, or both."""

    username = forms.CharField(required=False, max_length=255)
    address = forms.GenericIPAddressField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_ins_view(request: HttpRequest) -> HttpResponse:
    """List locks and failures; on POST, lift a lock."""
    require(request.user, PERMISSION)

    def unlock(username: str, address: str) -> Done:
        user = User.objects.filter(username=username).first() if username else None
        lifted = throttling.unlock(username=username, address=address)
        lifted += bool(user and not address and two_step.unlock(user))
        if not lifted:
            return Done("This lock has already ended.", tone=messages.INFO)
        throttling.log.warning(
            "sign_in_unlocked",
            username=username,
            address=address,
            by=actor_of(request).get_username(),
        )
        if user is not None:
            note(request, user, "Unlocked sign-in.")
        return Done(f"Unlocked: {' from '.join(filter(None, [username, address]))}.")

    form = UnlockForm(request.POST or None)
    here = reverse("admin:sign_ins")
    context = {
        **admin.site.each_context(request),
        "title": "Sign-ins",
        "locks": throttling.locks(),
        "code_locks": two_step.locked(),
        "failures": throttling.failures(FAILURES_SHOWN),
        "most": FAILURES_SHOWN,
    }
    return act(request, unlock, form=form, back=here) or TemplateResponse(
        request, "admin/sign_ins.html", context
    )


@require_http_methods(["GET", "HEAD", "POST"])
def reset_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Turn off the two-step sign-in of someone who lost the phone and the recovery codes."""
    require(request.user, PERMISSION)
    user = get_object_or_404(User, pk=pk)
    if user == request.user:
        # That takes the password and a code.
        return redirect("admin:security_off")
    if user.is_superuser and not actor_of(request).is_superuser:
        raise Denied("Only administrators can reset the two-step sign-in of an administrator.")
    back = reverse("admin:auth_user_change", args=[pk])

    def reset() -> Done:
        if not two_step.turn_off(user, by=actor_of(request).get_username()):
            return Done(f"Two-step sign-in of {user} is off already.", tone=messages.INFO)
        note(request, user, "Reset two-step sign-in.")
        return Done(f"{user} can sign in with the password alone, and set up a new app.")

    context = {
        **admin.site.each_context(request),
        "title": f"Reset two-step sign-in of {user}?",
        "label": "Reset two-step sign-in",
        "button": "Reset",
        "tone": "danger",
        "crumbs": [("Users", reverse("admin:auth_user_changelist")), (user, back)],
        "back": back,
        "back_label": "Back",
        "is_required": two_step.is_required(user),
    }
    return act(request, reset, back=back) or TemplateResponse(
        request, "admin/two_step_reset.html", context
    )


def note(request: HttpRequest, user: User, text: str) -> None:
    """Add a line to the history of a user."""
    LogEntry.objects.log_actions(actor_of(request).pk, [user], CHANGE, text, single_object=True)
