"""Opt-outs that other systems report by signed webhook."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog
from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from batchcalls.api import parsing
from batchcalls.api.do_not_call import (
    MOST_NUMBERS,
    SOURCES,
    ListedSerializer,
    NumberSerializer,
    add_rows,
)
from batchcalls.api.problems import Problem
from batchcalls.batches import opt_out_sources
from batchcalls.database import clock
from batchcalls.models import OptOutSource
from batchcalls.models.opt_out_source import MESSAGE_ID_LENGTH
from batchcalls.webhooks import signing
from batchcalls.webhooks.incoming import SignatureRefused, check_signature
from campaigns.models import SuppressionSource

log = structlog.get_logger(__name__)


class OptOutSerializer(NumberSerializer):
    """One opt-out: the number or the call, for whom, until when, why, and where it came from."""

    source: Any = serializers.ChoiceField(
        choices=[(source.value, source.label) for source in SOURCES],
        required=False,
        default=SuppressionSource.OTHER.value,
    )


class OptOutHook(APIView):
    """Takes the messages of one source. The signature replaces an API key."""

    authentication_classes = []
    permission_classes = []
    parser_classes: list[type[BaseParser]] = []
    http_method_names = ["post"]
    schema = None

    def post(self, request: Request, source_id: UUID) -> Response:
        """Store a message once, and answer what was added to the do-not-call list.

        200: stored now or earlier. 400: invalid, nothing was stored. 403: the signature or the time
        is wrong. 404: no such source, or it is off. 409: the ID had another body. 413: too long.
        """
        source = OptOutSource.objects.filter(pk=source_id, enabled=True).first()
        if source is None:
            raise Http404
        body, now = request._request.body, clock.now()
        secrets = signing.source_secrets(source, now=now)
        try:
            message_id = check_signature(request.headers, body.decode(), secrets=secrets, now=now)
        except UnicodeDecodeError as error:
            raise ParseError("The body is not UTF-8.") from error
        except SignatureRefused as error:
            log.warning("opt_out_hook.refused", source=str(source_id), why=str(error))
            raise Problem(403, "signature_refused", str(error)) from error
        if len(message_id) > MESSAGE_ID_LENGTH:
            raise ParseError(f"webhook-id is longer than {MESSAGE_ID_LENGTH} characters.")
        rows = _rows(parsing.parse(body))
        for row in rows:
            row["evidence"] = row["evidence"] or f"Webhook of {source}, message {message_id}"
        try:
            answer = opt_out_sources.take_once(
                source,
                message_id,
                digest=sha256(body).hexdigest(),
                apply=lambda: add_rows(rows, actor=source.created_by),
            )
        except opt_out_sources.MessageDiffers as error:
            raise Problem(409, "message_differs", str(error)) from error
        return Response(ListedSerializer(answer).data)


def _rows(content: Any) -> list[dict[str, Any]]:
    """Return the validated opt-outs of a body: an object or a list. Raise `ValidationError`."""
    is_list = isinstance(content, list)
    if is_list and not 0 < len(content) <= MOST_NUMBERS:
        message = f"Send 1 to {MOST_NUMBERS:,} opt-outs in one message; it has {len(content):,}."
        raise serializers.ValidationError(message)
    body: Any = OptOutSerializer(data=content, many=is_list)
    body.is_valid(raise_exception=True)
    return list(body.validated_data) if is_list else [body.validated_data]
