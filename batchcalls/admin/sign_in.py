"""Signing in: the password, then a code if two-step sign-in is on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import REDIRECT_FIELD_NAME, authenticate
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from batchcalls.access import sessions, throttling, two_step
from batchcalls.access.two_step import Verdict
from batchcalls.admin import kept_forms

#: In a session whose code is still missing: the form that waits.
_KEPT = "kept_form"
#: What people read about a code that is not accepted.
SENTENCES = {
    Verdict.WRONG: (
        "This code is incorrect. Enter the code that the app shows now. Each code works once."
    ),
    Verdict.LOCKED: ("Too many wrong codes. Wait, or ask an administrator to unlock your sign-in."),
    Verdict.UNREADABLE: (
        "Codes of the app cannot be checked, because the server's key has changed. Use a recovery "
        "code, or ask an administrator to reset your two-step sign-in."
    ),
}


class PasswordForm(AdminAuthenticationForm):
    """Name and password, with a sentence of its own while a lock is in force."""

    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": "Wrong username or password. Both are case-sensitive.",
    }

    def clean_username(self) -> str:
        """Refuse names that nobody can have: Django's form limits only what browsers send."""
        username: str = self.cleaned_data["username"]
        longest = User._meta.get_field("username").max_length or 150
        if len(username) > longest:
            raise ValidationError(f"A username has at most {longest} characters.")
        return username

    def get_invalid_login_error(self) -> ValidationError:
        """Return the error for wrong, unknown, inactive and locked alike."""
        if self.request is not None and throttling.was_refused(self.request):
            return ValidationError(throttling.locked_sentence(), code="locked")
        return super().get_invalid_login_error()


class CodeField(forms.CharField):
    """A code of an authenticator app, or a recovery code."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {
            "autocomplete": "one-time-code",
            "autocapitalize": "off",
            "spellcheck": "false",
        }
        super().__init__(
            max_length=40,
            widget=forms.TextInput(attrs=attributes),
            error_messages={"required": "Enter a code."},
            **kwargs,
        )


class CodeForm(forms.Form):
    """The second step."""

    code = CodeField(
        label="Code",
        help_text="6 digits from your authenticator app, or one of your recovery codes.",
    )


class SignInView(LoginView):
    """Checks the password. Signs in, or asks for a code.

    A form that arrived after the session had ended is carried along.
    """

    authentication_form = PasswordForm
    template_name = "admin/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form that waits for this sign-in."""
        form = kept_forms.unpacked(self.request.POST.get(kept_forms.FIELD, ""))
        return super().get_context_data(**kwargs, kept_form=form)

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in, or redirect to the second step."""
        user: User = form.get_user()
        if two_step.is_on(user):
            sessions.await_code(self.request, user, next_url=self.get_success_url())
            self.request.session[_KEPT] = self.request.POST.get(kept_forms.FIELD, "")
            return redirect("admin:login_code")
        waiting = self.request.POST.get(kept_forms.FIELD, "")
        url = self.get_success_url()
        return _signed_in(self.request, user, url, checked_code=False, waiting=waiting)


@never_cache
def login_page(request: HttpRequest, site: AdminSite, extra: dict[str, Any]) -> HttpResponseBase:
    """Show the first step, with the context that Django's admin gives its own."""
    if request.method == "GET" and site.has_permission(request):
        return redirect("admin:index")
    context = {
        **site.each_context(request),
        "title": "Sign in",
        "subtitle": None,
        "app_path": request.get_full_path(),
        "username": request.user.get_username(),
    }
    if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
        context[REDIRECT_FIELD_NAME] = reverse("admin:index")
    return SignInView.as_view(extra_context={**context, **extra})(request)


@never_cache
def ask_again(request: HttpRequest, form: kept_forms.KeptForm | None) -> HttpResponse:
    """Ask somebody who sent a form without being signed in to do so, and keep a long form."""
    # Other URLs that take forms may show no page.
    url = form.path if form else reverse("admin:index")
    login_url = f"{reverse('admin:login')}?{urlencode({REDIRECT_FIELD_NAME: url})}"
    if form is None:
        return HttpResponseRedirect(login_url)
    context = {
        **admin.site.each_context(request),
        "title": "Sign in",
        "app_path": login_url,
        REDIRECT_FIELD_NAME: url,
        "form": PasswordForm(request),
        "kept_form": form,
    }
    return TemplateResponse(request, "admin/login.html", context, status=401)


def continue_page(
    request: HttpRequest, form: kept_forms.KeptForm, *, title: str, status: int = 200
) -> HttpResponse:
    """Offer to send a form again that was kept."""
    context = {**admin.site.each_context(request), "title": title, "kept_form": form}
    answer = TemplateResponse(request, "admin/continue_form.html", context, status=status)
    add_never_cache_headers(answer)
    return answer


@never_cache
@csrf_protect
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def code_view(request: HttpRequest) -> HttpResponse:
    """Ask for the code of someone whose password was right, and sign in."""
    waiting = sessions.pending(request)
    if waiting is None:
        return redirect("admin:login")
    user, next_url = waiting
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if refusal := refusal_of_code(request, user, form.cleaned_data["code"]):
            form.add_error("code", refusal)
        else:
            kept = request.session.pop(_KEPT, "")
            return _signed_in(request, user, next_url, checked_code=True, waiting=kept)
    context = {
        **admin.site.each_context(request),
        "title": "Two-step sign-in",
        "subtitle": None,
        "form": form,
    }
    return TemplateResponse(request, "admin/login_code.html", context)


def refusal_of_code(request: HttpRequest, user: User, code: str) -> str:
    """Check a code, and count it if it is wrong. Return why it is refused, or a blank."""
    if throttling.is_locked(request, user.get_username()):
        request.axes_locked_out = True  # type: ignore[attr-defined]
        return throttling.locked_sentence()
    verdict = two_step.check(user, code)
    if verdict is Verdict.WRONG:
        throttling.fail(request, user.get_username())
        if throttling.was_refused(request):
            return throttling.locked_sentence()
    return "" if verdict.is_right else SENTENCES[verdict]


def refusal_of_password(request: HttpRequest, user: User, password: str) -> str:
    """Check the password of someone signed in, and count it if it is wrong.

    Return why it is refused, or a blank. A stolen session must not be a way to guess it.
    """
    if authenticate(request, username=user.get_username(), password=password) == user:
        return ""
    if throttling.was_refused(request):
        return throttling.locked_sentence()
    return "This is not your current password. Enter it again."


def _signed_in(
    request: HttpRequest, user: User, url: str, *, checked_code: bool, waiting: str
) -> HttpResponse:
    """Sign in, and continue at ``url`` or with the form that waits for this person."""
    sessions.begin(request, user, checked_code=checked_code)
    form = kept_forms.unpacked(waiting)
    if form is not None and form.user_id in {None, user.pk}:
        answer: HttpResponse = continue_page(request, form, title="You are signed in again")
    else:
        # Not redirect(), for which it might be the name of a view.
        answer = HttpResponseRedirect(url)
    throttling.remember_browser(answer, user.get_username())
    return answer
