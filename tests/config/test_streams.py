"""Downloads leave threads for everybody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from config.streams import BoundedStreams

# Closing a response ends a request, which looks after the database.
pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

closed: list[str] = []


class Rows:
    def __iter__(self) -> Iterator[bytes]:
        return iter([b"a,", b"b\n"])

    def close(self) -> None:
        closed.append("rows")


@pytest.fixture
def asked(settings: Any) -> Any:
    settings.STREAMS_AT_ONCE = 2
    closed.clear()

    def respond(request: HttpRequest) -> Any:
        if request.path == "/page/":
            return HttpResponse("page")
        if request.path == "/file/":
            return FileResponse(open(__file__, "rb"))
        return StreamingHttpResponse(Rows(), content_type="text/csv")

    middleware = BoundedStreams(respond)
    return lambda path="/export/": middleware(RequestFactory().get(path))


def test_the_third_download_at_once_is_asked_to_come_back(asked: Any) -> None:
    slow = [asked(), asked("/file/")]
    refused = asked()

    assert [response.status_code for response in (*slow, refused)] == [200, 200, 503]
    assert refused["Retry-After"] == "10"
    assert "Try again in a few seconds." in refused.content.decode()
    assert closed == ["rows"]
    assert asked("/page/").status_code == 200
    for response in slow:
        response.close()


def test_a_download_that_ends_frees_its_place_read_or_not(asked: Any) -> None:
    for _ in range(5):
        response = asked()
        assert b"".join(response.streaming_content) == b"a,b\n"
        response.close()
        response.close()
        asked("/file/").close()
    assert closed == ["rows"] * 5


@pytest.mark.parametrize(
    ("path", "code"),
    [("/api/v1/calls", "too_many_downloads"), ("/v1/calls", "TOO_MANY_DOWNLOADS")],
)
def test_programs_are_told_in_their_own_shape(asked: Any, path: str, code: str) -> None:
    slow = [asked(), asked()]
    assert code in asked(path).content.decode()
    for response in slow:
        response.close()
