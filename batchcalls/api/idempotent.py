"""Requests that a client may repeat: the header, and what makes two requests the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from batchcalls.access import idempotency
from batchcalls.api.problems import Problem

HEADER = "Idempotency-Key"
REPEATED = "Idempotency-Replayed"
View = Callable[..., Response]


def once(view: View) -> View:
    """Let an operation be repeated under the same ``Idempotency-Key`` for 24 hours."""

    @wraps(view)
    def named(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        name = request.headers.get(HEADER, "")
        if not name:
            return view(self, request, *args, **kwargs)
        if len(name) > 255 or not name.isascii() or not name.isprintable():
            raise Problem(
                400, "bad_idempotency_key", f"{HEADER} is at most 255 printable ASCII characters."
            )

        key: Any = request.auth

        def work() -> idempotency.Answer:
            response = view(self, request, *args, **kwargs)
            body = JSONRenderer().render(response.data).decode()
            place = response.get("Location", "")
            return idempotency.Answer(status=response.status_code, body=body, location=place)

        try:
            answer = idempotency.once(key, name, fingerprint(request), work)
        except idempotency.AnotherRequest as error:
            raise Problem(422, "idempotency_key_reused", str(error)) from error
        response = Response(json.loads(answer.body or "null"), status=answer.status)
        if answer.location:
            response["Location"] = answer.location
        if answer.is_repeated:
            response[REPEATED] = "true"
        return response

    named.is_once = True  # type: ignore[attr-defined]
    return named


def fingerprint(request: Request) -> str:
    """Return a digest of method, address and body; of a file its contents count."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if isinstance(request.data, dict) and not hasattr(request.data, "lists"):
        digest.update(json.dumps(request.data, sort_keys=True, default=str).encode())
        return digest.hexdigest()
    lists = request.data.lists() if hasattr(request.data, "lists") else [("", [request.data])]
    for name, values in sorted(lists):
        for value in values:
            digest.update(f"\n{name}=".encode())
            if isinstance(value, UploadedFile):
                for chunk in value.chunks():
                    digest.update(chunk)
                value.seek(0)
            else:
                digest.update(json.dumps(value, default=str).encode())
    return digest.hexdigest()
