"""Where a change comes from: the request or command that is being handled now."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

from batchcalls.access.client_address import address_of
from batchcalls.models import ApiKey, AuditDoor

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Characters of a session's digest: enough to tell sessions apart, too few to guess one from.
SESSION_CHARACTERS = 16
#: How the paths of the Bland-compatible API begin, those of earlier versions included.
BLAND_API = r"(?:v[12]|call|batch|logs|end)(?:/|$)"
_DOORS = {
    re.compile("/api(/|$)"): AuditDoor.API,
    re.compile(f"/{BLAND_API}"): AuditDoor.BLAND_API,
    re.compile("/hooks/"): AuditDoor.HOOK,
}


def door_of(path: str) -> AuditDoor:
    """Return the door that a path belongs to."""
    return next((door for start, door in _DOORS.items() if start.match(path)), AuditDoor.PAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A request, the name of a command, or neither in a worker."""

    request: HttpRequest | None = None
    command: str = ""

    @property
    def door(self) -> AuditDoor:
        """The door of the request or command."""
        if self.request is None:
            return AuditDoor.COMMAND if self.command else AuditDoor.WORKER
        return door_of(self.request.path)

    @property
    def user(self) -> User | None:
        """The signed-in user, or the owner of the API key."""
        if (key := self.key) is not None:
            return key.owner
        user = getattr(self.request, "user", None)
        return user if isinstance(user, User) else None

    @property
    def key(self) -> ApiKey | None:
        """The API key of the request. Both APIs store it in ``request.auth``."""
        key = getattr(self.request, "auth", None)
        return key if isinstance(key, ApiKey) else None

    @property
    def operating_user(self) -> str:
        """The name of the operating system's user who runs the command."""
        if not self.command:
            return ""
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return ""

    @property
    def address(self) -> str:
        """The address that the request came from."""
        return address_of(self.request) if self.request else ""

    @property
    def session(self) -> str:
        """A digest of the session's key; the key itself would let its reader in."""
        key = getattr(getattr(self.request, "session", None), "session_key", None)
        if not key or self.key is not None:
            return ""
        return salted_hmac("batchcalls.audit.session", key).hexdigest()[:SESSION_CHARACTERS]

    @property
    def request_id(self) -> str:
        """The ID under which the log has the request."""
        known: Mapping[str, object] = structlog.contextvars.get_contextvars()
        return str(known.get("request_id", ""))[:64]


WORKER = Origin()
_current: ContextVar[Origin] = ContextVar("batchcalls_origin", default=WORKER)


def current() -> Origin:
    """Return the origin of what is done now."""
    return _current.get()


@contextmanager
def coming_from(origin: Origin) -> Iterator[None]:
    """Set the origin of what is done within the block."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)


class OriginMiddleware:
    """Makes each request the origin of what its view does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle the request."""
        with coming_from(Origin(request=request)):
            return self.get_response(request)
