"""Pages that cannot be shown say so in our design, and lead back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.test import Client, RequestFactory

from config import errors

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/batchcalls/batch/add/", 403, "You do not have permission for this"),
        ("/batchcalls/no-such-page/", 404, "Page not found"),
    ],
)
def test_an_error_page_says_what_to_do_and_leads_back(
    client: Client, path: str, status: int, heading: str
) -> None:
    vera = User.objects.create_user("vera", is_staff=True)
    vera.groups.add(Group.objects.get(name="Viewers"))
    client.force_login(vera)
    answer = client.get(path)
    page = answer.content.decode()
    assert answer.status_code == status
    assert f"<h1>{heading}</h1>" in page
    assert '<a class="button" href="/">' in page
    assert 'aria-label="Sidebar"' in page
    assert "add_batch" not in page


BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize(
    ("answer", "status", "heading", "sentence"),
    [
        (errors.unexpected, 500, "Something went wrong", "Go back and try again."),
        (
            lambda request: errors.bad_request(request, SuspiciousOperation()),
            400,
            "This request could not be read",
            "Go back and try again.",
        ),
        (
            lambda request: errors.bad_request(request, RequestDataTooBig()),
            413,
            "Too large",
            "at most 2 MB are accepted.",
        ),
        (errors.csrf_failure, 403, "This form has expired", "reload the page"),
    ],
)
def test_an_error_page_needs_no_database_and_leads_back(
    django_assert_num_queries: Any, answer: Any, status: int, heading: str, sentence: str
) -> None:
    request = RequestFactory().post("/campaigns/campaign/add/", headers=BROWSER)
    with django_assert_num_queries(0):
        response = answer(request)
    page = response.content.decode()
    assert response.status_code == status
    assert f'<h1 class="login-title">{heading}</h1>' in page
    assert sentence in page
    assert 'href="/">Go to the dashboard</a>' in page


def test_programs_get_errors_in_their_own_shape() -> None:
    problem = errors.unexpected(RequestFactory().get("/api/v1/batches/"))
    assert problem["Content-Type"] == "application/problem+json"
    assert b"internal_error" in problem.content
    assert b"INTERNAL_ERROR" in errors.unexpected(RequestFactory().get("/v1/calls")).content
    plain = errors.unexpected(RequestFactory().get("/hooks/voice/1/"))
    assert plain["Content-Type"] == "text/plain"


def test_a_body_that_is_too_large_gets_a_page_in_a_browser(admin_client: Client) -> None:
    answer = admin_client.post(
        "/campaigns/campaign/add/", {"name": "x" * 3_000_000}, headers=BROWSER
    )
    assert answer.status_code == 413
    assert "Too large</h1>" in answer.content.decode()
