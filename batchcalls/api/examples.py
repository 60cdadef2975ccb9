"""Examples of requests and responses in the API document, recorded from the API itself.

``tests/api/test_examples.py`` records them in ``examples.json`` and fails when the API answers
differently.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from drf_spectacular.utils import OpenApiExample

FILE = Path(__file__).with_name("examples.json")
#: By operation: its ``request`` and ``response``, if any. For a list, one of its rows.
EXAMPLES: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8"))


def examples_of(operation: str) -> list[OpenApiExample]:
    """Return the examples of an operation."""
    recorded, found = EXAMPLES.get(operation, {}), []
    if "request" in recorded:
        found.append(OpenApiExample("Request", recorded["request"], request_only=True))
    if "response" in recorded:
        response = recorded["response"]
        found.append(
            OpenApiExample(
                "Response",
                response,
                response_only=True,
                status_codes=["200", "201", "202"],
                media_type="text/csv" if isinstance(response, str) else "application/json",
            )
        )
    return found
