"""Requests for batches, and what is read from answers."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from batchcalls.models import Batch

BATCHES = "/api/v1/batches"
HUMAN, OTHER = "+12025550190", "+12025550191"
LIST = "Phone;Name;City\n+12025550190;Ada;London\nnone;Bob;Paris\n"


def body(**fields: Any) -> dict[str, Any]:
    """Return a request for a batch of two."""
    return {
        "name": "October",
        "prompt": "Call {{name}}.",
        "recipients": [
            {"phone_number": HUMAN, "request_data": {"name": "Ada"}},
            {"phone_number": OTHER, "request_data": {"name": "Bob"}, "metadata": {"crm": "5"}},
        ],
        **fields,
    }


def a_file(text: str = LIST) -> SimpleUploadedFile:
    return SimpleUploadedFile("customers.csv", text.encode(), content_type="text/csv")


def form(**fields: Any) -> dict[str, Any]:
    return {"name": "October", "prompt": "Call {{Name}}.", "file": a_file(), **fields}


def pointers(answer: Any) -> list[str]:
    return [one["pointer"] for one in answer.json()["errors"]]


def batch_of(answer: Any) -> Batch:
    return Batch.objects.get(pk=answer.json()["id"])
