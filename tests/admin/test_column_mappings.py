"""Column mappings: found by name, read as a table, renamed, deleted."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from batchcalls.intake.uploads import save_mapping
from campaigns.models import ColumnMapping
from tests.admin.call_rows import person
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

LIST = reverse("admin:campaigns_columnmapping_changelist")
TEXT = "phone_number,first name,max_duration,note,metadata.crm\n+12025550190,Ann,5,x,77\n"


@pytest.fixture
def keeper() -> Client:
    return person(*(f"{verb}_columnmapping" for verb in ("view", "change", "delete")))[1]


@pytest.fixture
def mapping(make_batch: Any) -> ColumnMapping:
    batch = make_batch(
        text=TEXT,
        column_options=["note=ignore", "max_duration=max_duration"],
        map_all=None,
        prompt="Hello.",
    )
    actor = User.objects.create_superuser("grace")
    return save_mapping(batch.first_list, name="CRM <export>", actor=actor)


def page_of(mapping: ColumnMapping, name: str = "change") -> str:
    return reverse(f"admin:campaigns_columnmapping_{name}", args=[mapping.pk])


def content(answer: Any) -> str:
    return unescape(markup(answer).partition("<main")[2])


def cells(page: str) -> list[list[str]]:
    """Return the texts of a table's rows."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [
            re.sub("<[^>]*>", "", cell).strip()
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        ]
        for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]


def test_the_list_names_what_each_uses_by_whom_and_when(
    keeper: Client, mapping: ColumnMapping
) -> None:
    [row] = cells(markup(keeper.get(LIST)))
    assert row[0] == "CRM &lt;export&gt;"
    assert row[1:4] == ["5", "phone_number, first name, max_duration, metadata.crm", "grace"]
    assert "now" in row[4]


def test_the_list_is_looked_through_by_name(keeper: Client, mapping: ColumnMapping) -> None:
    ColumnMapping.objects.create(name="Shops", headers_key="x")
    assert "Shops" not in content(keeper.get(LIST, {"q": "crm"}))
    assert "No matching mappings" in content(keeper.get(LIST, {"q": "nothing"}))


def test_its_pages_follow_one_another_by_name(keeper: Client) -> None:
    ColumnMapping.objects.bulk_create(
        ColumnMapping(name=f"Mapping {n:03}", headers_key=str(n)) for n in reversed(range(70))
    )
    first = content(keeper.get(LIST))
    [following] = re.findall(r'rel="next" href="\?([^"]*)"', first)
    rest = content(keeper.get(f"{LIST}?{following}"))
    shown = re.findall(r">(Mapping \d+)</a>", first + rest)
    assert shown == [f"Mapping {n:03}" for n in range(70)]


def test_the_list_takes_the_same_number_of_queries_however_long_it_is(
    keeper: Client, mapping: ColumnMapping, django_assert_num_queries: Any
) -> None:
    with CaptureQueriesContext(connection) as few:
        keeper.get(LIST)
    grace = User.objects.get(username="grace")
    for n in range(9):
        ColumnMapping.objects.create(name=str(n), headers_key="x", created_by=grace)
    with django_assert_num_queries(len(few)):
        keeper.get(LIST)


def test_before_there_is_one_it_is_said_where_they_come_from() -> None:
    page = content(person("view_columnmapping", "add_batch")[1].get(LIST))
    assert "In step 2 of a new batch" in page
    assert reverse("admin:batchcalls_batch_add") in page
    assert reverse("admin:batchcalls_batch_add") not in content(
        person("view_columnmapping")[1].get(LIST)
    )


def test_each_column_says_what_it_becomes_and_under_which_name(
    keeper: Client, mapping: ColumnMapping
) -> None:
    assert cells(content(keeper.get(page_of(mapping)))) == [
        ["phone_number", "Phone number", "–"],
        ["first name", "Request data", "{{first name}}"],
        ["max_duration", "Call setting", "Max duration"],
        ["note", "Ignore", "–"],
        ["metadata.crm", "Metadata", "crm"],
    ]


def test_a_mapping_that_cannot_be_read_says_so(keeper: Client) -> None:
    broken = ColumnMapping.objects.create(name="Broken", headers_key="x", columns=[{"a": 1}])
    assert keeper.get(LIST).status_code == 200
    page = content(keeper.get(page_of(broken)))
    assert "This mapping cannot be read" in page
    assert "each with position, header, target and name" in page


def test_it_is_said_which_of_two_for_the_same_headers_is_used(
    keeper: Client, mapping: ColumnMapping
) -> None:
    newer = ColumnMapping.objects.create(
        name="Newer", headers_key=mapping.headers_key, columns=mapping.columns
    )
    ColumnMapping.objects.filter(pk=newer.pk).update(
        created_at=timezone.now() + timedelta(minutes=1)
    )
    assert page_of(newer) in content(keeper.get(page_of(mapping)))
    assert "kept later" not in content(keeper.get(page_of(newer)))


def test_it_is_renamed_and_nothing_else_is_changed(keeper: Client, mapping: ColumnMapping) -> None:
    given = {"name": "Shops", "columns": "[]", "headers_key": "x"}
    page = content(keeper.post(page_of(mapping), given, follow=True))
    assert "It is called Shops now." in page
    kept = ColumnMapping.objects.get()
    assert (kept.name, kept.columns, kept.headers_key) == (
        "Shops",
        mapping.columns,
        mapping.headers_key,
    )
    history = content(keeper.get(page_of(mapping, "history")))
    assert "Renamed from “CRM <export>” to “Shops”." in history


@pytest.mark.parametrize("name", ["", "Taken", "x" * 201])
def test_a_name_that_cannot_be_given_is_refused_beside_the_field(
    keeper: Client, mapping: ColumnMapping, name: str
) -> None:
    ColumnMapping.objects.create(name="Taken", headers_key="x")
    page = content(keeper.post(page_of(mapping), {"name": name}))
    assert "errorlist" in page
    assert "<h1>CRM <export></h1>" in page
    mapping.refresh_from_db()
    assert mapping.name == "CRM <export>"


def test_it_is_deleted_after_it_is_said_what_that_means(
    keeper: Client, mapping: ColumnMapping
) -> None:
    page = content(keeper.get(page_of(mapping, "delete")))
    assert "will be matched automatically" in page
    assert ColumnMapping.objects.exists()
    after = content(keeper.post(page_of(mapping, "delete"), {}, follow=True))
    assert "The mapping CRM <export> is deleted." in after
    assert not ColumnMapping.objects.exists()


def test_whoever_only_looks_is_offered_and_allowed_no_more(mapping: ColumnMapping) -> None:
    _, client = person("view_columnmapping")
    page = content(client.get(page_of(mapping)))
    assert "Rename" not in page
    assert page_of(mapping, "delete") not in page
    assert client.post(page_of(mapping), {"name": "x"}).status_code == 403
    assert client.post(page_of(mapping, "delete"), {}).status_code == 403
    assert ColumnMapping.objects.get().name == "CRM <export>"


@pytest.mark.parametrize("pk", ["0", "999999", "99999999999999999999999", "x", "²"])
def test_a_mapping_that_is_not_there_is_not_found(keeper: Client, pk: str) -> None:
    for page in ("change", "delete"):
        assert keeper.get(f"{LIST}{pk}/{page}/").status_code == 404
