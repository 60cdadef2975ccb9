"""A title above the header: the page offers the row that looks like the header."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from batchcalls.models import Batch, VoiceAccount
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

TITLED = (
    "Exported 2026-11-27;;\r\nFirst Name;Mobile Phone;Notes\r\n"
    "Emily;(202) 555-0160;likes mail\r\nNoah;2025550161;\r\n"
)


@pytest.fixture
def columns_page(client: Client) -> str:
    """The second step of a draft with this list."""
    client.force_login(User.objects.create_superuser("ada"))
    sent: dict[str, Any] = {
        "says": "prompt",
        "prompt": "Call {{First Name}}.",
        "purpose": "informational",
        "account": VoiceAccount.objects.built_in().pk,
        "duplicates": "call_once",
        "file": SimpleUploadedFile("titled.csv", TITLED.encode()),
    }
    answer = client.post(reverse("admin:batchcalls_batch_add"), sent)
    assert answer.status_code == 302, markup(answer)
    return str(answer["Location"])


def test_the_row_that_looks_like_the_header_is_used_with_one_click(
    client: Client, columns_page: str
) -> None:
    shown = markup(client.get(columns_page))
    assert "Row 2 looks like the header:</strong> First Name, Mobile Phone, Notes" in shown
    assert 'name="use_header_row" value="2"' in shown
    assert client.post(columns_page, {"use_header_row": "2"}).status_code == 302
    shown = markup(client.get(columns_page))
    assert "looks like the header" not in shown
    stored = Batch.objects.get().first_list
    assert stored.headers == ["First Name", "Mobile Phone", "Notes"]
    assert [one["target"] for one in stored.mapping][:2] == ["request_data", "phone_number"]
