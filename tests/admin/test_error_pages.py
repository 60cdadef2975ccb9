"""Pages that cannot be shown say so in our design, and lead back."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

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
