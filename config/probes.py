"""Health checks and metrics, answered before anything else, by IP address and plain HTTP too."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from batchcalls import health

PROBES = {"/healthz": health.healthz, "/readyz": health.readyz, "/metrics": health.metrics}

Respond = Callable[[HttpRequest], HttpResponseBase]


def answer_probes(get_response: Respond) -> Respond:
    """Return the middleware: load balancers name a host by its address, which no setting knows."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        probe = PROBES.get(request.path)
        return get_response(request) if probe is None else probe(request)

    return answer
