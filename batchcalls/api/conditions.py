"""ETags of rows that can be changed, and changes that are made only to a current row (RFC 9110).

An ETag has two parts. The first identifies what a change can set, and ``If-Match`` compares only
that: a call that ends meanwhile is no reason to refuse a change. The second identifies the whole
response, so that ``If-None-Match`` notices everything.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.db.models import Manager, Model
from django.http import Http404
from django.utils.crypto import salted_hmac
from django.utils.http import parse_etags
from rest_framework import serializers
from rest_framework.request import Request

from batchcalls.api.problems import Problem
from batchcalls.api.rendering import Json

HEADER = "If-Match"


def etag_of(row: Model, state: Any, shown: Any) -> str:
    """Return the ETag of a row: of what can be changed in it, and of how it is shown."""
    return f'"{_version_of(row, state)}.{sha256(Json().render(shown)).hexdigest()[:20]}"'


def state_of(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    """Return the fields of a serializer's row that a change can set, as they are stored."""
    fields: dict[str, Any] = serializer.fields  # type: ignore[attr-defined]
    writable = [one for one in fields.values() if not one.read_only]
    return {one.source: _plain(getattr(serializer.instance, one.source)) for one in writable}


def locked(row: Model) -> Model:
    """Read a row again and lock it for the rest of the transaction. Raise `Http404` if it is gone.

    The related rows that the view needs are read afterward, and therefore as current.
    """
    rows = type(row)._default_manager.select_for_update(no_key=True).filter(pk=row.pk).order_by()
    if (current := rows.first()) is None:
        raise Http404
    return current


def check(request: Request, row: Model, state: Any) -> None:
    """Raise `Problem` (412) unless the request names the current row, or no row at all.

    A proxy that compresses a response marks its ETag as weak (``W/``), which changes nothing here.
    """
    header = request.headers.get(HEADER)
    if header is None or header.strip() == "*":
        return
    tags = [tag.removeprefix("W/").strip('"') for tag in parse_etags(header)]
    if _version_of(row, state) not in {tag.partition(".")[0] for tag in tags}:
        text = (
            "This was changed since you read it, so nothing was done. Get it again, and repeat "
            "the request with its ETag."
        )
        raise Problem(412, "changed_meanwhile", text)


def _version_of(row: Model, state: Any) -> str:
    # Keyed, because the state may have secrets that could be guessed.
    text = Json().render([row._meta.label, str(row.pk), state]).decode()
    return salted_hmac(__name__, text, algorithm="sha256").hexdigest()[:20]


def _plain(value: Any) -> Any:
    if isinstance(value, Manager):
        return sorted(one.pk for one in value.all())
    return value.pk if isinstance(value, Model) else value
