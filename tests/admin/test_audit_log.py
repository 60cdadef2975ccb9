"""The page of the audit log: searched, paged, read, and exported."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.access import audit
from batchcalls.models import AuditAction, AuditEntry
from batchcalls.reporting.filters.audit import AuditFilter, order_of
from batchcalls.reporting.keyset import page_of
from campaigns.models import Campaign
from tests.admin.test_admin_files import import_file

pytestmark = [pytest.mark.django_db]
LIST = reverse("admin:batchcalls_auditentry_changelist")
EXPORT = reverse("admin:batchcalls_auditentry_export")


@pytest.fixture
def manager() -> Client:
    person = User.objects.create_user("mia", is_staff=True)
    person.groups.add(Group.objects.get(name="Managers"))
    client = Client()
    client.force_login(person)
    return client


def add(name: str, **fields: Any) -> AuditEntry:
    days = fields.pop("days_ago", 0)
    at = timezone.now() - timedelta(days=days)
    values = {"action": "changed", "kind": "auth.user", "door": "page", "actor_name": "ann"}
    return AuditEntry.objects.create(**{**values, "at": at, "object_name": name, **fields})


def shown(client: Client, query: str = "") -> list[str]:
    return [entry.object_name for entry in client.get(LIST + query).context["listing"].page.rows]


@pytest.mark.one_database
def test_a_manager_searches_by_who_what_object_day_number_door_and_address(manager: Client) -> None:
    add("first", actor_name="bob", days_ago=9)
    add("second", action="viewed", kind="batchcalls.callresult", object_id="7")
    audit.record(AuditAction.DELETED, User, note="third", number="+12025550123")
    add("fourth", door="api", address="203.0.113.7")
    assert shown(manager) == ["fourth", "", "second", "first"]
    assert shown(manager, "?who=bob") == ["first"]
    assert shown(manager, "?action=viewed") == ["second"]
    assert shown(manager, "?kind=batchcalls.callresult&object_id=7") == ["second"]
    assert shown(manager, "?number=(202)+555-0123") == [""]
    assert shown(manager, "?number=nonsense") == []
    assert shown(manager, "?door=api&address=203.0.113.7") == ["fourth"]
    day = f"{timezone.now() - timedelta(days=8):%Y-%m-%d}"
    assert shown(manager, f"?to={day}") == ["first"]
    assert shown(manager, f"?from={day}") == ["fourth", "", "second"]
    assert shown(manager, "?action=unheard-of") == []


@pytest.mark.one_database
def test_an_entry_shows_the_values_before_and_after_without_running_them(manager: Client) -> None:
    evil = "<script>alert(1)</script>"
    entry = add(evil, before={"prompt": evil}, after={"prompt": None, "tools": ["a", "b"]})
    page = manager.get(reverse("admin:batchcalls_auditentry_change", args=[entry.pk]))
    text = page.content.decode()
    assert "alert(1)" in text
    assert evil not in text
    assert evil not in manager.get(LIST).content.decode()


@pytest.mark.one_database
def test_the_export_has_the_entries_of_the_page_and_is_an_entry_itself(manager: Client) -> None:
    add("=first", actor_name="bob")
    add("second")
    answer: Any = manager.get(f"{EXPORT}?who=bob")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert "'=first" in lines[1]
    entry = AuditEntry.objects.order_by("-pk")[0]
    assert (entry.action, entry.note) == ("exported", "audit-log.csv · who=bob")
    assert manager.get(f"{EXPORT}?action=unheard-of").status_code == 302


@pytest.mark.one_database
def test_pages_follow_the_order_of_writing_though_the_clock_was_set_back(manager: Client) -> None:
    for index in range(60):
        add(str(index), days_ago=index)
    first = manager.get(LIST).context["listing"].page
    assert [entry.object_name for entry in first.rows[:2]] == ["59", "58"]
    query = "&".join(f"{name}={value}" for name, value in first.older.items())
    assert shown(manager, f"?{query}") == [str(index) for index in range(9, -1, -1)]


@pytest.mark.one_database
def test_an_import_is_an_entry_with_one_for_each_row_that_changed(admin_client: Client) -> None:
    Campaign.objects.create(name="Old", prompt="Hi.", purpose="informational")
    text = "name,purpose,prompt\nOld,informational,Good day.\nNew,informational,Hello.\n"
    assert "Import finished" in import_file(admin_client, "campaign", text)
    found = AuditEntry.objects.filter(kind="campaigns.campaign").order_by("pk")
    values = [(entry.action, entry.object_name, entry.count) for entry in found]
    assert values == [("imported", "", 2), ("changed", "Old", None), ("added", "New", None)]
    changed = found[1]
    assert changed.before == {"prompt": "Hi."}
    assert changed.after == {"prompt": "Good day."}


@pytest.mark.one_database
def test_an_import_of_numbers_is_one_entry(admin_client: Client) -> None:
    text = "e164,reason\n+12025550190,a\n+12025550191,b\n"
    assert "Import finished" in import_file(admin_client, "suppression", text)
    [entry] = AuditEntry.objects.filter(kind="campaigns.suppression")
    assert (entry.action, entry.count, entry.note) == ("imported", 2, "small.csv")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "who=ann",
        "action=viewed",
        "kind=auth.user&object_id=7",
        "number=%2B12025550123",
        "from=2026-01-01&to=2026-02-01",
    ],
)
def test_each_search_is_served_by_an_index(query: str) -> None:
    data = QueryDict(query)
    rows = AuditFilter(data, queryset=AuditEntry.objects.all()).qs
    keys = rows.order_by(*(f"-{one}" for one in order_of(data))).values("pk")[:51]
    if connection.vendor == "postgresql":  # of an empty table it would rather read all rows
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    plan = keys.explain()
    assert "Seq Scan" not in plan
    assert "number" not in query or "audit_by_number" in plan
    assert "TEMP B-TREE" not in plan
    assert page_of(rows, {}, order=order_of(data)).rows == []
