"""Requests that a client may repeat, and when two requests count as the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access import idempotency
from batchcalls.access.json_lists import canonical
from batchcalls.api.authentication import key_of
from batchcalls.api.rendering import Json

View = Callable[..., Response]


def once(view: View) -> View:
    """Make an operation repeatable under the same ``Idempotency-Key`` for 24 hours."""

    @wraps(view)
    def named(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        name = request.headers.get(idempotency.HEADER, "")
        if not name:
            return view(self, request, *args, **kwargs)

        def work() -> idempotency.Answer:
            response = view(self, request, *args, **kwargs)
            body = Json().render(response.data).decode()
            place = response.get("Location", "")
            return idempotency.Answer(status=response.status_code, body=body, location=place)

        answer = idempotency.once(key_of(request), name, content_of(request), work)
        body = json.loads(answer.body or "null")
        return Response(body, status=answer.status, headers=answer.headers)

    named.is_once = True  # type: ignore[attr-defined]
    return named


def content_of(request: Request) -> Iterator[bytes]:
    """Yield the method, path and body. For a file, yield its contents."""
    yield f"{request.method} {request.get_full_path()}\n".encode()
    if isinstance(request.data, dict) and not hasattr(request.data, "lists"):
        yield from canonical(request.data)
        return
    lists = request.data.lists() if hasattr(request.data, "lists") else [("", [request.data])]
    for name, values in sorted(lists):
        for value in values:
            yield f"\n{name}=".encode()
            if isinstance(value, UploadedFile):
                yield from value.chunks()
                value.seek(0)
            else:
                yield json.dumps(value, default=str).encode()
