"""Lists without rows say what they would hold and how to get the first one."""

from __future__ import annotations

import html

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from campaigns.models import Tool
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

LISTS = {
    "campaigns_campaign": "The conversation, voice, and tools",
    "campaigns_pathway": "at your voice provider",
    "campaigns_tool": "set up at your voice provider",
    "campaigns_callingpolicy": "blackout dates, caps, and retries",
    "campaigns_suppression": "do-not-call",
    "campaigns_columnmapping": "mapping",
    "batchcalls_batch": "No batch calls yet",
    "batchcalls_callresult": "No calls yet",
    "batchcalls_apikey": "No API keys yet",
    "batchcalls_optoutsource": "No opt-out sources yet",
    "batchcalls_storedlist": "No uploaded lists yet",
}


def shown(client: Client, table: str, query: str = "") -> str:
    answer = client.get(reverse(f"admin:{table}_changelist") + query)
    return html.unescape(markup(answer))


@pytest.mark.parametrize(("table", "says"), LISTS.items())
def test_an_empty_list_says_what_it_would_hold(admin_client: Client, table: str, says: str) -> None:
    page = shown(admin_client, table)
    assert 'class="empty"' in page
    assert says in page


def test_the_first_row_is_offered_to_those_who_may_add_it(
    client: Client, admin_client: Client
) -> None:
    assert "Add tool</a></div>" in shown(admin_client, "campaigns_tool")
    viewer = User.objects.create_user("vera", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_tool"))
    client.force_login(viewer)
    page = shown(client, "campaigns_tool")
    assert 'class="empty"' in page
    assert "Add tool" not in page


def test_a_search_that_finds_nothing_is_not_an_empty_list(admin_client: Client) -> None:
    Tool.objects.create(name="Calendar", reference="TL-1")
    page = shown(admin_client, "campaigns_tool", "?q=nothing")
    assert "No tools match these filters." in page
    assert "No tools yet" not in page
    assert 'class="empty"' not in shown(admin_client, "campaigns_tool")
