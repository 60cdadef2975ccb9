"""Sessions of the back office: how long they last, and what a person must do before anything else.

A session ends after `settings.SESSION_IDLE_MINUTES` without activity, `settings.SESSION_HOURS`
after signing in, and, if it began with a password alone, when two-step sign-in is turned on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model, login, logout
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from batchcalls.access import two_step
from batchcalls.models import sign_in_of

log = structlog.get_logger(__name__)

#: Marks in a session: Unix times, and whether a code was checked.
BEGUN_AT, SEEN_AT, TWO_STEP = "begun_at", "seen_at", "two_step"
#: Someone whose password was right and whose code is still missing.
PENDING = "sign_in_pending"
PENDING_SECONDS = 600
#: `SEEN_AT` is stored at most this often, so that most requests write nothing.
SEEN_EVERY_SECONDS = 60
#: Pages of the back office that open before a person has done what they must do first.
ALWAYS_OPEN = frozenset({"login", "login_code", "logout", "jsi18n"})
#: An emergency does not wait for them.
_STOP = "emergency_stop"
PASSWORD_PAGES = frozenset({"password_change", _STOP})
TWO_STEP_PAGES = frozenset({"security", "security_set_up", "password_change", _STOP})


class SessionRules:
    """Ends sessions that lasted long enough, and sends people to what they must do first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Process a request."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Return a redirect instead of the page, or None."""
        match = request.resolver_match
        if match is None or match.namespace != "admin" or not request.user.is_authenticated:
            return None
        page = match.url_name or ""
        if reason := _reason_to_end(request):
            return _end(request, reason, page)
        if page in ALWAYS_OPEN:
            return None
        if sign_in_of(request.user).must_change_password:
            return None if page in PASSWORD_PAGES else redirect("admin:password_change")
        if two_step.is_on(request.user) or page in TWO_STEP_PAGES:
            return None
        return redirect("admin:security_set_up") if two_step.is_required(request.user) else None


def is_fragment(request: HttpRequest) -> bool:
    """Return whether a page asks for its own refresh."""
    return bool(request.headers.get("X-Fragment"))


def begin(request: HttpRequest, user: User, *, checked_code: bool) -> None:
    """Sign a person in, with a new session key."""
    request.session.pop(PENDING, None)
    login(request, user)
    request.session[TWO_STEP] = checked_code
    log.info("signed_in", username=user.get_username(), two_step=checked_code)


def keep(request: HttpRequest) -> None:
    """Keep this session when two-step sign-in is turned on in it. All others end."""
    request.session.cycle_key()
    request.session[TWO_STEP] = True


def await_code(request: HttpRequest, user: User, *, next_url: str) -> None:
    """Remember that the password was right, with a new session key. Nobody is signed in yet."""
    request.session.flush()
    request.session[PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "at": time.time(),
        "next": next_url,
    }


def pending(request: HttpRequest) -> tuple[User, str] | None:
    """Return whose code is missing and where they want to go.

    Return None if nobody's is, ten minutes have passed, or the password has changed since.
    """
    known = request.session.get(PENDING)
    if known is None or time.time() - known["at"] > PENDING_SECONDS:
        return None
    user = get_user_model().objects.filter(pk=known["user"], is_active=True, is_staff=True).first()
    if user is None or user.get_session_auth_hash() != known["hash"]:
        return None
    return user, known["next"]


def mark_begin(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Store when a session began; receives Django's signal."""
    if hasattr(request, "session"):
        request.session[BEGUN_AT] = request.session[SEEN_AT] = int(time.time())


user_logged_in.connect(mark_begin, dispatch_uid="batchcalls.access.sessions")


def _reason_to_end(request: HttpRequest) -> str:
    """Return why the session ends now, or a blank. Note the activity."""
    session, now = request.session, time.time()
    if BEGUN_AT not in session:
        # It began before there were marks.
        session[BEGUN_AT] = session[SEEN_AT] = int(now)
    if now - session[BEGUN_AT] > settings.SESSION_HOURS * 3_600:
        return f"You were signed out {_count(settings.SESSION_HOURS, 'hour')} after signing in."
    if now - session[SEEN_AT] > settings.SESSION_IDLE_MINUTES * 60:
        idle = _count(settings.SESSION_IDLE_MINUTES, "minute")
        return f"You were signed out after {idle} without activity."
    if two_step.is_on(request.user) and not session.get(TWO_STEP):  # type: ignore[arg-type]
        return "Two-step sign-in was turned on. Sign in again."
    # Pages refresh themselves when nobody is there.
    if not is_fragment(request) and now - session[SEEN_AT] > SEEN_EVERY_SECONDS:
        session[SEEN_AT] = int(now)
    return ""


def _end(request: HttpRequest, reason: str, page: str) -> HttpResponse | None:
    log.info("session_ended", username=request.user.get_username(), reason=reason)
    # The page may keep what this person had typed, for nobody else.
    request.ended_session_of = request.user.pk  # type: ignore[attr-defined]
    logout(request)
    if page in ALWAYS_OPEN:
        return None
    # A refresh says so on its page too, and the next page is the one that asks for the password.
    messages.info(request, f"{reason} Nothing that you saved is lost.")
    if is_fragment(request):
        return HttpResponse(reason, status=401, content_type="text/plain")
    if request.method == "POST":  # the page itself asks for the password, and keeps the form
        return None
    return redirect_to_login(request.get_full_path(), reverse("admin:login"))


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"
