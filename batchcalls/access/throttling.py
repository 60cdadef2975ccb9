"""Locks after failed sign-ins: of a name from an address, of an address, and of a name.

django-axes counts failures in the database, so that all processes share them. The first lock is
strict, and a stranger cannot cause it for somebody at another address. The other two stop whoever
tries many names, or uses many addresses. A lock of a name does not hold for browsers in which its
owner signed in before, or strangers could keep an administrator out (OWASP, "device cookies").
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt, AccessFailureLog
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Q, Sum
from django.http import HttpRequest, HttpResponse

from batchcalls.access import audit
from batchcalls.access.client_address import IPV6_NETWORK_BITS, address_of, network_of
from batchcalls.database import clock
from batchcalls.models import AuditAction

log = structlog.get_logger(__name__)

COOKIE = "known_browser"
COOKIE_DAYS = 180
_COOKIE_SALT = "batchcalls.access.throttling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock in force. A blank ``username`` or ``address`` means all of them."""

    username: str
    address: str
    failures: int
    until: datetime

    @property
    def shown_address(self) -> str:
        """The address as people read it: an IPv6 network as such."""
        return shown_address(self.address)


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed sign-in."""

    attempt_time: datetime
    username: str
    shown_address: str
    step: str
    user_agent: str


class Throttle(AxesDatabaseHandler):  # type: ignore[misc]
    """Adds the locks of an address and of a name to the one of both, which axes has."""

    def is_locked(self, request: HttpRequest, credentials: Any = None) -> bool:
        """Return whether a sign-in is refused, right password or not."""
        username = get_client_username(request, credentials)
        address = request.axes_ip_address  # type: ignore[attr-defined]
        of_name, of_address = Q(username=username), Q(ip_address=address)
        rows = AccessAttempt.objects.filter(of_name | of_address, attempt_time__gt=_counted_since())
        failures = rows.aggregate(
            pair=Sum("failures_since_start", filter=of_name & of_address, default=0),
            address=Sum("failures_since_start", filter=of_address, default=0),
            account=Sum("failures_since_start", filter=of_name, default=0),
        )
        if failures["pair"] >= settings.SIGN_IN_FAILURES:
            return True
        # Without an address, all requests would be those of one client.
        if address and failures["address"] >= settings.SIGN_IN_FAILURES_PER_ADDRESS:
            return True
        is_over = failures["account"] >= settings.SIGN_IN_FAILURES_PER_ACCOUNT
        return is_over and not is_known_browser(request, username or "")

    def user_login_failed(
        self, sender: Any, credentials: Any, request: Any = None, **kwargs: Any
    ) -> None:
        """Count and log a failure, unless it was refused by a lock: that one is logged only."""
        was_locked = request.axes_locked_out
        super().user_login_failed(sender, credentials, request, **kwargs)
        who = {
            "username": get_client_username(request, credentials),
            "address": address_of(request),
        }
        if was_locked:
            log.warning("sign_in_refused", **who)
        elif self.is_locked(request, credentials):
            request.axes_locked_out = True
            request.axes_credentials = credentials
            log.warning("sign_in_locked", minutes=settings.SIGN_IN_LOCK_MINUTES, **who)
        else:
            log.warning("sign_in_failed", **who)

    def remove_out_of_limit_failure_logs(self, *, username: str, limit: int | None = None) -> int:
        """Keep all failures of a name until `forget`: axes would delete the newest."""
        return 0


class PasswordBackend(AxesStandaloneBackend, ModelBackend):  # type: ignore[misc]
    """Checks passwords, unless a lock is in force."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the user with this password. Raise `PermissionDenied` while a lock is in force.

        Locks are checked before and after the password: of many guesses at the same instant, no
        more than the limit allows can be right.
        """
        AxesStandaloneBackend.authenticate(self, request, username, password, **kwargs)
        user = ModelBackend.authenticate(self, request, username, password, **kwargs)
        if user is not None and is_locked(request, user.get_username()):
            request.axes_locked_out = True  # type: ignore[union-attr]
            raise PermissionDenied
        return user

    def get_user(self, user_id: int) -> User | None:
        """Return an active user of a session, with what pages ask about, in one query."""
        user = User.objects.select_related("sign_in", "preferences").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


def is_locked(request: HttpRequest | None, username: str) -> bool:
    """Return whether sign-ins with this name are refused for this request."""
    return not AxesProxyHandler.is_allowed(request, {"username": username})


def fail(request: HttpRequest, username: str) -> None:
    """Count a failure of someone whose password was right but whose code was not."""
    user_login_failed.send(sender=__name__, credentials={"username": username}, request=request)


def was_refused(request: HttpRequest) -> bool:
    """Return whether a lock refused this request, or began with it."""
    return bool(getattr(request, "axes_locked_out", False))


def locked_sentence() -> str:
    """Return what a locked person reads. It is the same whether the account exists or not."""
    minutes = settings.SIGN_IN_LOCK_MINUTES
    unit = "minute" if minutes == 1 else "minutes"
    return (
        f"Too many failed attempts. Try again in {minutes} {unit}, or ask an administrator to "
        "unlock your sign-in."
    )


def locked_response(
    request: HttpRequest, response: HttpResponse, credentials: Mapping[str, Any] | None
) -> HttpResponse:
    """Return the page with the sentence, as 429 Too Many Requests (RFC 6585)."""
    response.status_code = 429
    response["Retry-After"] = str(settings.SIGN_IN_LOCK_MINUTES * 60)
    return response


def network_of_request(request: HttpRequest) -> str | None:
    """Return what failures are counted by, for axes. None without an address."""
    return network_of(address_of(request)) or None


# Known browsers ----------------------------------------------------------------------------------


def remember_browser(response: HttpResponse, username: str) -> None:
    """Let a person who signed in do so from this browser even if strangers lock the name."""
    response.set_cookie(
        COOKIE,
        signing.dumps(_digest_of(username), salt=_COOKIE_SALT),
        max_age=timedelta(days=COOKIE_DAYS),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def is_known_browser(request: HttpRequest, username: str) -> bool:
    """Return whether this person signed in with this browser before."""
    try:
        digest = signing.loads(
            request.COOKIES.get(COOKIE, ""),
            salt=_COOKIE_SALT,
            max_age=timedelta(days=COOKIE_DAYS),
        )
    except signing.BadSignature:
        return False
    return bool(digest == _digest_of(username))


def _digest_of(username: str) -> str:
    return hashlib.sha256(username.encode()).hexdigest()[:32]


# For administrators ------------------------------------------------------------------------------


def locks() -> list[Lock]:
    """Return the locks in force, those that end last first."""
    found = [
        *_locks_by(["username", "ip_address"], settings.SIGN_IN_FAILURES),
        *_locks_by(["ip_address"], settings.SIGN_IN_FAILURES_PER_ADDRESS),
        *_locks_by(["username"], settings.SIGN_IN_FAILURES_PER_ACCOUNT),
    ]
    return sorted(found, key=lambda lock: (lock.until, lock.username), reverse=True)


@transaction.atomic
def unlock(*, username: str = "", address: str = "") -> int:
    """Forget failures of a name, of an address, or of both together. Return how many."""
    if not (username or address):
        return 0
    rows = AccessAttempt.objects.filter(
        **({"username": username} if username else {}),
        **({"ip_address": address} if address else {}),
    )
    with transaction.atomic():
        failures: int = rows.aggregate(sum=Sum("failures_since_start", default=0))["sum"]
        rows.delete()
        if failures:
            # The address itself is in the log. Here it would be masked as a phone number.
            where = "one address" if address else "every address"
            user = User.objects.filter(username=username).first() if username else None
            audit.record(AuditAction.CHANGED, user or User, note=f"Unlocked: {where}")
    return failures


def failures(most: int) -> list[Failure]:
    """Return the newest failed sign-ins, newest first."""
    rows = AccessFailureLog.objects.order_by("-attempt_time", "-pk")[:most]
    return [
        Failure(
            row.attempt_time,
            row.username or "",
            shown_address(row.ip_address or ""),
            "Code" if "/code/" in row.path_info else "Password",
            row.user_agent,
        )
        for row in rows
    ]


def shown_address(address: str) -> str:
    """Return an address as people read it: an IPv6 network as such."""
    return f"{address}/{IPV6_NETWORK_BITS}" if ":" in address else address


def forget() -> int:
    """Delete failures older than `settings.SIGN_IN_LOG_DAYS`. Return how many."""
    before = clock.now() - timedelta(days=settings.SIGN_IN_LOG_DAYS)
    deleted: int = AccessFailureLog.objects.filter(attempt_time__lt=before).delete()[0]
    return deleted


def _counted_since() -> datetime:
    return clock.now() - timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES)


def _locks_by(fields: list[str], limit: int) -> list[Lock]:
    rows = AccessAttempt.objects.filter(attempt_time__gt=_counted_since())
    for field in fields:
        rows = rows.exclude(**{field: None}) if fields == ["ip_address"] else rows
    grouped = rows.values(*fields).annotate(
        failures=Sum("failures_since_start"), last=Max("attempt_time")
    )
    return [
        Lock(
            username=row.get("username") or "",
            address=row.get("ip_address") or "",
            failures=row["failures"],
            until=row["last"] + timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES),
        )
        for row in grouped.filter(failures__gte=limit)
    ]
