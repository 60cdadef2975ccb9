"""Parse requests to the carrier."""

from __future__ import annotations

import json
from typing import Any


def route_of(method: str, target: str) -> str:
    """Return the name of an API route, see `behavior.ROUTES`, or ``unknown``."""
    if method == "POST" and target == "/v1/calls":
        return "place"
    path = target.partition("?")[0]
    match method, path.split("/")[2:]:
        case "GET", ["calls"]:
            return "list"
        case "GET", ["calls", _]:
            return "details"
        case "POST", ["calls", _, "stop"]:
            return "stop"
        case "GET", ["me"]:
            return "me"
    return "unknown"


def parsed(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, or an empty one for anything else."""
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {}
