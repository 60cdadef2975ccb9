"""A person's own security page: the password, two-step sign-in, and recovery codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import segno
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse, reverse_lazy
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from batchcalls.access import api_keys, audit, sessions, two_step
from batchcalls.admin.actor import actor_of
from batchcalls.admin.sign_in import CodeField, refusal_of_code, refusal_of_password
from batchcalls.models import SignIn, sign_in_of
from campaigns import encryption

#: In the session: the secret for an app that is being set up, encrypted.
SETUP = "two_step_setup"
_METHODS = ["GET", "HEAD", "POST"]


class ConfirmForm(forms.Form):
    """The current password, and a code of the app or a recovery code if two-step sign-in is on."""

    password = forms.CharField(
        label="Current password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = CodeField(
        label="Current code", help_text="6 digits from your app, or one of your recovery codes."
    )

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.POST if request.method == "POST" else None)
        self.request, self.user = request, actor_of(request)
        if not two_step.is_on(self.user):
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        """Check both. A code is used up only if everything else is right."""
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        if refusal := refusal_of_password(self.request, self.user, data["password"]):
            self.add_error("password", refusal)
        elif "code" in data and (refusal := refusal_of_code(self.request, self.user, data["code"])):
            self.add_error("code", refusal)
        return data


class SetUpForm(ConfirmForm):
    """A code of the app that is being set up, and what `ConfirmForm` asks for."""

    new_code = CodeField(
        label="Code of the new app", help_text="The 6 digits that the app shows now."
    )
    field_order = ["new_code", "password", "code"]

    def __init__(self, request: HttpRequest, setup: two_step.Setup) -> None:
        self.setup = setup
        super().__init__(request)

    def clean_new_code(self) -> str:
        """Check the new app first, or a mistake here would use up a code of the current one."""
        code = "".join(self.cleaned_data["new_code"].split())
        if self.setup.matching(code) is None:
            raise ValidationError(
                "This code is incorrect. Enter the code that the app shows now. If it is refused "
                "again, set your phone's clock to automatic."
            )
        return code


class OwnPasswordForm(PasswordChangeForm):
    """Changes one's own password, and revokes one's API keys on demand."""

    revoke_keys = forms.BooleanField(
        label="Revoke my API keys",
        required=False,
        help_text="Check this if someone else may know your password. Programs need new keys.",
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.fields["old_password"].label = "Current password"
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        """Check the current password, and count wrong ones."""
        password: str = self.cleaned_data["old_password"]
        if refusal := refusal_of_password(self.request, self.user, password):
            raise ValidationError(refusal, code="password_incorrect")
        return password

    def clean_new_password2(self) -> str:
        """Refuse the current password: whoever set it for someone else knows it."""
        password: str = self.cleaned_data["new_password2"]
        if self.user.check_password(password):
            raise ValidationError("Choose a password that differs from the current one.")
        return password

    def save(self, commit: bool = True) -> User:
        """Store the password, and that the person chose it."""
        with audit.changing(self.user, note="Own password"):
            user: User = super().save(commit)
        SignIn.objects.filter(user=user).update(must_change_password=False)
        return user


class OwnPasswordView(PasswordChangeView):
    """The page for changing one's own password."""

    form_class = OwnPasswordForm
    template_name = "admin/own_password.html"
    title = "Change password"
    success_url = reverse_lazy("admin:security")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the request, which its limits count by."""
        return {**super().get_form_kwargs(), "request": self.request}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say whether the person has to choose a password."""
        user = actor_of(self.request)
        return super().get_context_data(
            **kwargs,
            must_change=sign_in_of(user).must_change_password,
            keys=api_keys.usable_keys_of(user).count(),
            security=reverse("admin:security"),
        )

    def form_valid(self, form: Any) -> HttpResponse:
        """Store the password, revoke keys if asked to, and say what was done."""
        if sign_in_of(actor_of(self.request)).must_change_password:
            # Who had to choose a password came to work, not to change it.
            self.success_url = reverse_lazy("admin:index")
        answer = super().form_valid(form)
        text = "Your password was changed. Your other sessions were signed out."
        if form.cleaned_data["revoke_keys"]:
            count = api_keys.revoke_all_of(actor_of(self.request))
            text += f" {count:,} API key{' was' if count == 1 else 's were'} revoked."
        messages.success(self.request, text)
        return answer


@never_cache
@require_http_methods(["GET", "HEAD"])
def security_view(request: HttpRequest) -> HttpResponse:
    """Show how the person signs in."""
    user = actor_of(request)
    return _page(
        request,
        "security",
        "Sign-in security",
        sign_in=sign_in_of(user),
        codes_left=two_step.recovery_codes_left(user),
        is_required=two_step.is_required(user),
    )


@never_cache
@sensitive_post_parameters()
@require_http_methods(_METHODS)
def set_up_view(request: HttpRequest) -> HttpResponse:
    """Show a QR code, and turn two-step sign-in on once the app shows the right code."""
    user = actor_of(request)
    setup = _setup_of(request)
    form = SetUpForm(request, setup)
    if form.is_valid():
        codes = two_step.turn_on(user, setup, form.cleaned_data["new_code"])
        if codes is not None:
            del request.session[SETUP]
            sessions.keep(request)
            return _codes_page(request, codes)
    return _page(
        request,
        "security_set_up",
        "Set up two-step sign-in",
        form=form,
        qr=_qr(setup.url_for(user)),
        secret=setup.text,
        is_on=two_step.is_on(user),
        is_required=two_step.is_required(user),
    )


@never_cache
@sensitive_post_parameters()
@require_http_methods(_METHODS)
def codes_view(request: HttpRequest) -> HttpResponse:
    """Replace the recovery codes."""

    def renew(user: User) -> HttpResponse:
        return _codes_page(request, two_step.renew_recovery_codes(user))

    return _confirm(request, renew, "Create new recovery codes?", "Create codes", "codes")


@never_cache
@sensitive_post_parameters()
@require_http_methods(_METHODS)
def turn_off_view(request: HttpRequest) -> HttpResponse:
    """Turn two-step sign-in off, unless a role requires it."""
    if two_step.is_required(actor_of(request)):
        messages.error(request, "Your role requires two-step sign-in. You can use another app.")
        return redirect("admin:security")

    def turn_off(user: User) -> HttpResponse:
        two_step.turn_off(user, by=user.get_username())
        messages.success(request, "Two-step sign-in is off. Your recovery codes were deleted.")
        return redirect("admin:security")

    return _confirm(request, turn_off, "Turn off two-step sign-in?", "Turn off", "off")


def _confirm(
    request: HttpRequest, act: Callable[[User], HttpResponse], title: str, button: str, kind: str
) -> HttpResponse:
    if not two_step.is_on(actor_of(request)):
        return redirect("admin:security")
    form = ConfirmForm(request)
    if form.is_valid():
        return act(actor_of(request))
    return _page(request, "security_confirm", title, form=form, button=button, kind=kind)


def _codes_page(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return _page(request, "security_codes", "Save your recovery codes", codes=codes)


def _setup_of(request: HttpRequest) -> two_step.Setup:
    """Return the secret that the page showed, or a new one."""
    try:
        return two_step.Setup.sealed(request.session[SETUP])
    except (KeyError, encryption.Undecryptable):
        setup = two_step.Setup.new()
        request.session[SETUP] = setup.seal()
        return setup


def _qr(url: str) -> str:
    """Return a QR code as SVG, black on white in both themes, without styles or scripts."""
    code = segno.make_qr(url, error="m")
    # Of digits and path commands only: nothing of the URL is in it as text.
    return mark_safe(code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True))  # noqa: S308


def _page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    known = {
        **admin.site.each_context(request),
        "title": title,
        "security": reverse("admin:security"),
    }
    answer = TemplateResponse(
        request, f"admin/{template}.html", {**known, "title": title, **context}
    )
    answer["Cache-Control"] = "no-store"
    return answer
