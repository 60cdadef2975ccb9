"""Whatever a file is called, and however its upload is confirmed, it is never an error of ours."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.api.conftest import ADMINISTRATORS, MakeProgram, make_program
from tests.doors.nasty import Faults
from tests.doors.test_pages import Fields

__all__ = ["make_program"]
pytestmark = pytest.mark.django_db

CONTENT = b"phone_number,business_name\n+12025550190,Ann\n"
NAMES = (" ", ".", "..", "a\\", "/", "a\0b.csv", "x" * 3_000, "%00", "\u202e\ufeff.csv", "a\tb")
BOUNDARY = "limit"


def form_with(field: str, name: str, fields: dict[str, str]) -> bytes:
    """Write a form by hand: clients would correct the name of the file."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    kind = "Content-Type: text/csv\r\n\r\n"
    return b"".join([*parts, f"{head}{kind}".encode(), CONTENT, f"\r\n--{BOUNDARY}--".encode()])


def test_no_name_of_a_file_is_answered_with_an_error(
    faults: Faults, make_batch: Any, run: Any, make_program: MakeProgram
) -> None:
    draft, done = make_batch("+12025550190"), run(make_batch("+12025550191"))
    pages = Client()
    pages.force_login(User.objects.create_superuser("root"))
    program = make_program(ADMINISTRATORS).client
    said = {"name": "x", "prompt": "Call {{business_name}}.", "purpose": "informational"}
    doors: list[tuple[Client, str, str, dict[str, str]]] = [
        (program, "/api/v1/batches", "file", said),
        (program, f"/api/v1/batches/{done.pk}/rows", "file", {}),
    ]
    for address in (
        "/batchcalls/batch/add/",
        reverse("admin:batchcalls_batch_upload", args=[draft.pk]),
        reverse("admin:batchcalls_batch_add_rows", args=[done.pk]),
        reverse("admin:batchcalls_storedlist_add_do_not_call"),
        "/campaigns/suppression/import/",
        "/campaigns/campaign/import/",
    ):
        [(_, fields), *_] = Fields(pages.get(address).content.decode()).of_a_file()
        field = "import_file" if "/campaigns/" in address else "file"
        chosen = {"format": "0", "prompt": said["prompt"]}
        doors.append((pages, address, field, {**fields, **chosen}))
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    for client, address, field, fields in doors:
        for name in NAMES:
            body = form_with(field, name, fields)
            answer = faults.ask(
                f"{address} {name[:20]!r}", partial(client.post, address, body, kind)
            )
            if name == " ":  # the others are dropped by Django, or are names
                assert answer.status_code in {200, 201, 302, 409}, address


@pytest.mark.parametrize("table", ["campaign", "suppression"])
def test_an_import_of_a_file_that_is_gone_asks_for_it_again(
    table: str, admin_client: Client
) -> None:
    form = {"import_file_name": "gone.csv", "original_file_name": "x.csv", "format": "0"}

    answer = admin_client.post(f"/campaigns/{table}/process_import/", form, follow=True)

    assert answer.status_code == 200
    assert "The uploaded file is gone. Upload it again." in answer.content.decode()
