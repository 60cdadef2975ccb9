"""Long forms that arrive after the session has ended: kept until the person has signed in again.

The browser holds them, signed, in the page on which it asks for the password. The server stores
nothing for people it does not know.
"""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest

#: The name of the field in which the browser holds a form.
FIELD = "kept"
#: Forms into which people type much. A launch or a stop is not repeated later on.
_LONG = re.compile(r"_(add|change|upload|columns|edit|add_rows|add_do_not_call)$")
_SECRET = re.compile("password|token|secret|^code$", re.IGNORECASE)
#: Fields that no form of ours shows.
_OURS = frozenset({FIELD, "csrfmiddlewaretoken"})
_SALT = "batchcalls.kept_forms"
#: Maximum length of a kept form; a browser must be able to send it as one field.
_MOST_CHARACTERS = 1_500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptForm:
    """A form that was sent: its URL, its fields, and its files unless they are too large."""

    path: str
    fields: list[tuple[str, str]]
    files: list[tuple[str, str, str, str]]
    #: The names of files that the browser must send again.
    lost: list[str]
    #: The id of the user whose session had ended, if that is known.
    user_id: int | None

    @property
    def file_names(self) -> list[str]:
        """The names of the files that are kept."""
        return [name for _, name, _, _ in self.files]

    def packed(self) -> str:
        """Return the form as text for a field of another form."""
        content = {name: getattr(self, name) for name in self.__slots__}
        return signing.dumps(content, salt=_SALT, compress=True)


def kept(request: HttpRequest) -> KeptForm | None:
    """Return what was sent, or None if it is no long form, or too long to be kept."""
    match = request.resolver_match
    if request.method != "POST" or match is None or match.namespace != "admin":
        return None
    if not _LONG.search(match.url_name or ""):
        return None
    if any(map(_SECRET.search, set(request.POST) - _OURS)):
        return None
    sent = [(name, value) for name, values in request.POST.lists() for value in values]
    form = KeptForm(
        path=request.get_full_path(),
        fields=[one for one in sent if one[0] not in _OURS],
        files=[],
        lost=[one.name for _, one in _uploads(request)],
        user_id=getattr(request, "ended_session_of", None),
    )
    if len(form.packed()) > _MOST_CHARACTERS:
        return None
    return _with_files(form, request) or form


def _with_files(form: KeptForm, request: HttpRequest) -> KeptForm | None:
    """Add the files. Return None if they are too large."""
    uploads = _uploads(request)
    # Few lists shrink to less than an eighth; reading more would be in vain.
    if not uploads or sum(one.size for _, one in uploads) > 8 * _MOST_CHARACTERS:
        return None
    files = [
        (field, one.name, one.content_type or "", _packed_bytes(one.read()))
        for field, one in uploads
    ]
    complete = replace(form, files=files, lost=[])
    return complete if len(complete.packed()) <= _MOST_CHARACTERS else None


def _uploads(request: HttpRequest) -> list[tuple[str, Any]]:
    return list(request.FILES.items())


def _packed_bytes(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


def unpacked(text: str) -> KeptForm | None:
    """Return a form that was packed here in the last hours, or None."""
    if not text:
        return None
    try:
        content = signing.loads(text, salt=_SALT, max_age=settings.SESSION_COOKIE_AGE)
    except signing.BadSignature:
        return None
    return KeptForm(**content)


def restore_files(request: HttpRequest) -> None:
    """Add the files of a kept form to a request that sends its fields again."""
    if request.method != "POST":
        return
    form = unpacked(request.POST.get(FIELD, ""))
    if form is None or form.path != request.get_full_path():
        return
    for field, name, content_type, content in form.files:
        body = zlib.decompress(base64.b64decode(content))
        upload = SimpleUploadedFile(name, body, content_type)
        request.FILES.setdefault(field, upload)
