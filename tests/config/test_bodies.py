"""Bodies are refused by their length before anything is parsed or written down."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from django.test import Client, RequestFactory
from django.urls import reverse

from config import bodies

HUGE = 300_000_000


class Endless(io.RawIOBase):
    """A body whose reader would be noticed."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        self.taken += 1 if size < 0 else size
        return b"x" * max(size, 1)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Path]:
    """A temporary folder that stays empty as long as nothing is spooled."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    return folder


def send(client: Client, path: str, length: int, **extra: str) -> tuple[Any, Endless]:
    body = Endless()
    response = client.generic(
        "POST",
        path,
        content_type="multipart/form-data; boundary=x",
        **{"CONTENT_LENGTH": str(length), "wsgi.input": body, **extra},
    )
    return response, body


@pytest.mark.django_db
@pytest.mark.one_database
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/login/", "text/plain"),
        ("/batchcalls/batch/add/", "text/plain"),
        ("/no/such/page/", "text/plain"),
        ("/hooks/voice/1/", "text/plain"),
        ("/api/v1/batches", "application/problem+json"),
        ("/v1/calls", "application/json"),
    ],
)
def test_300_megabytes_are_refused_unread(
    client: Client, temporary: Path, path: str, kind: str
) -> None:
    response, body = send(client, path, HUGE)

    assert response.status_code == 413
    assert response["Content-Type"].startswith(kind)
    assert "bytes" in response.content.decode()
    assert body.taken == 0
    assert list(temporary.iterdir()) == []


@pytest.mark.django_db
@pytest.mark.one_database
def test_only_people_who_are_signed_in_may_send_a_file_to_a_page(
    client: Client, admin_client: Client, temporary: Path
) -> None:
    path = reverse("admin:batchcalls_batch_add")
    assert send(client, path, 3_000_000)[0].status_code == 413
    # It is read now, and is no form.
    assert send(admin_client, path, 3_000_000)[0].status_code != 413


@pytest.mark.django_db
@pytest.mark.one_database
def test_other_pages_take_no_file_however_small(client: Client) -> None:
    file = io.BytesIO(b"phone_number\n")
    file.name = "list.csv"
    form = {"username": "ada", "password": "secret", "file": file}
    assert client.post("/login/", form).status_code == 400


@pytest.mark.django_db
@pytest.mark.one_database
def test_a_body_of_unknown_length_is_refused(client: Client) -> None:
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    response = client.generic("POST", "/api/v1/batches", **chunked)
    assert response.status_code == 411
    assert response.json()["code"] == "length_required"


@pytest.mark.django_db
@pytest.mark.one_database
def test_every_page_with_a_file_field_is_an_upload_door(
    admin_client: Client, make_batch: Any
) -> None:
    batch = make_batch("+12025550190")
    for name in bodies.UPLOAD_PAGES:
        arguments = [batch.pk] if name.endswith(("_upload", "_rows")) else []
        page = admin_client.get(reverse(name, args=arguments)).content.decode()
        assert 'type="file"' in page, name
        assert bodies.limit_of(reverse(name, args=arguments)) == 60_000_000
    sources = [*Path("batchcalls").rglob("*.py"), *Path("campaigns").rglob("*.py")]
    forms = [path.name for path in sources if "forms.FileField(" in path.read_text("utf-8")]
    # The wizard, added rows and do-not-call lists. A new form needs a door, and then a place here.
    assert sorted(forms) == ["reading_form.py", "upload_form.py"]


def test_a_file_of_the_largest_size_fits_with_its_form(settings: Any) -> None:
    for name in bodies.UPLOAD_OPERATIONS:
        path = reverse(name, args=[] if name.endswith("list") else ["1"])
        assert bodies.limit_of(path) > settings.MAX_FILE_BYTES


# ASGI --------------------------------------------------------------------------------------------


def over_asgi(path: str, *parts: bytes, headers: Any = ()) -> tuple[int, int]:
    """Send a body in parts; return the status, and how many parts were taken."""
    sent: list[Any] = []
    left = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1}
        for index, part in enumerate(parts)
    ]

    async def receive() -> Any:
        if left:
            return left.pop(0)
        await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        sent.append(message)

    request = RequestFactory().post(path)
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": [(b"host", b"localhost"), *headers],
        "query_string": b"",
        "scheme": "http",
        "server": ("localhost", int(request.META["SERVER_PORT"])),
    }
    asyncio.run(bodies.bounded(get_asgi_application())(scope, receive, send))
    return sent[0]["status"], len(parts) - len(left)


def test_asgi_stops_reading_at_the_limit(temporary: Path) -> None:
    megabyte = b"x" * 1_000_000
    assert over_asgi("/login/", *[megabyte] * 20) == (413, 3)
    stated = [(b"content-length", b"300000000")]
    assert over_asgi("/login/", *[megabyte] * 20, headers=stated) == (413, 0)
    assert list(temporary.iterdir()) == []
