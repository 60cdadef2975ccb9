"""Each field of a call is listed once, and every place shows those that are listed for it."""

from __future__ import annotations

import dataclasses
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Field
from django.urls import reverse

from batchcalls.models import CallResult
from batchcalls.models.call_fields import (
    FIELDS,
    INTERNAL,
    CallField,
    Kind,
    Place,
    fields_of,
    names_in,
)
from batchcalls.reporting.exports import batch_tables
from batchcalls.reporting.exports.call_log import call_log
from batchcalls.voice.base import CallDetails
from batchcalls.webhooks import payloads
from campaigns.models import Campaign
from tests.admin.call_rows import make_calls, person
from tests.admin.markup import markup
from tests.api.conftest import make_program

__all__ = ["make_program"]  # a program with a key

COLUMNS: list[Field[Any, Any]] = list(CallResult._meta.concrete_fields)


def stands_for(field: CallField, column: Field[Any, Any]) -> bool:
    return field.path[0] in {column.name, column.attname}


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_every_column_of_a_call_is_listed_or_internal(column: Field[Any, Any]) -> None:
    listed = any(stands_for(one, column) for one in FIELDS)
    assert listed or column.name in INTERNAL, (
        f"CallResult.{column.name} is neither listed in call_fields.FIELDS nor marked internal. "
        "Add a CallField that says where it is shown, or give INTERNAL the reason why nobody is "
        "shown it."
    )
    assert not (listed and column.name in INTERNAL), (
        f"CallResult.{column.name} is listed in call_fields.FIELDS and marked internal. "
        "Remove one of the two."
    )


def test_only_columns_that_there_are_are_marked_internal() -> None:
    assert set(INTERNAL) <= {column.name for column in COLUMNS}
    assert all(INTERNAL.values())


@pytest.mark.parametrize("place", Place, ids=lambda place: place.name)
def test_no_two_fields_share_a_name_or_a_position(place: Place) -> None:
    fields = fields_of(place)
    assert fields
    assert len({one.name_in(place) for one in fields}) == len(fields)
    assert len({one.at[place] for one in fields}) == len(fields)


@pytest.mark.parametrize("detail", dataclasses.fields(CallDetails), ids=lambda one: one.name)
def test_what_a_provider_knows_of_a_call_is_stored_and_shown(detail: Any) -> None:
    assert detail.name in {column.name for column in COLUMNS}, (
        f"CallDetails.{detail.name} has no column of its name in CallResult, so it would be lost. "
        "Add the column and a migration."
    )
    assert any(detail.name == one.path[0] for one in FIELDS), (
        f"CallDetails.{detail.name} is not listed in call_fields.FIELDS, so nobody would see it."
    )


# Every place shows what is listed for it ---------------------------------------------------------


@pytest.fixture
def call(make_batch: Any) -> CallResult:
    """A call of which every listed text has a value of its own."""
    campaign = Campaign.objects.create(name="Autumn", prompt="Hello.")
    batch = make_batch("+12025550190", name="November", campaign=campaign)
    [made] = make_calls(batch, 1, from_number="+12025550100", price=Decimal("0.25"))
    for column in COLUMNS:
        is_listed = any(one.kind is Kind.TEXT and stands_for(one, column) for one in FIELDS)
        if is_listed and not column.is_relation:
            setattr(made, column.name, f"{column.name}!"[: column.max_length])
    made.save()
    made.recipient.request_data = {}  # the name of the person would stand below the number
    made.recipient.save()
    return made


def texts_in(place: Place, call: CallResult) -> dict[str, str]:
    """Return the values that must be found in a place, by their names there."""
    fields = [one for one in fields_of(place) if one.kind in {Kind.TEXT, Kind.PHONE}]
    return {one.name_in(place): one.value_of(call) for one in fields}


def check(place: Place, call: CallResult, names: list[str], values: dict[str, Any]) -> None:
    for one in fields_of(place):
        assert one.name_in(place) in names, (
            f"{one.name} is listed for {place.name} in call_fields.FIELDS and not shown there."
        )
    texts = texts_in(place, call)
    assert {name: values[name] for name in texts} == texts


@pytest.mark.django_db
def test_the_api_has_every_field_that_is_listed_for_it(call: CallResult, make_program: Any) -> None:
    told = make_program().get(f"/api/v1/calls/{call.call_id}").json()
    check(Place.API, call, list(told), told)
    assert list(told) == names_in(Place.API)


@pytest.mark.django_db
def test_the_export_of_call_logs_has_every_field_that_is_listed_for_it(call: CallResult) -> None:
    table = call_log(CallResult.objects.all(), fields_of(Place.EXPORT))
    [row] = table.rows
    check(Place.EXPORT, call, table.header, dict(zip(table.header, row, strict=True)))


@pytest.mark.django_db
def test_the_results_of_a_batch_have_every_field_that_is_listed_for_them(
    call: CallResult,
) -> None:
    table = batch_tables.results(call.batch)
    [row] = table.rows
    check(Place.RESULTS, call, table.header, dict(zip(table.header, row, strict=True)))


@pytest.mark.django_db
def test_our_webhooks_have_every_field_that_is_listed_for_them(call: CallResult) -> None:
    told = json.loads(payloads.call_finished(call, at=call.claimed_at))["data"]
    check(Place.WEBHOOK, call, list(told), told)
    assert list(told) == [*names_in(Place.WEBHOOK), "recipient"]


def cells_of(pattern: str, page: str) -> dict[str, str]:
    """Return what a pattern finds, labels and values, without tags."""
    return {label: re.sub(r"<[^>]+>", "", value) for label, value in re.findall(pattern, page)}


@pytest.mark.django_db
def test_call_logs_offer_every_column_that_is_listed_for_them(call: CallResult) -> None:
    _, client = person("view_callresult")
    chosen = "&".join(f"columns={name}" for name in names_in(Place.LOG))
    page = markup(client.get(f"/batchcalls/callresult/?{chosen}"))
    cells = cells_of(r'<td data-label="([^"]+)"[^>]*>(.*?)</td>', page)
    values = {one.name_in(Place.LOG): cells.get(one.label, "") for one in fields_of(Place.LOG)}
    check(Place.LOG, call, re.findall(r'name="columns" value="(\w+)" checked', page), values)
    usual = markup(client.get("/batchcalls/callresult/"))
    assert re.findall(r'name="columns" value="(\w+)" checked', usual) == [
        one.name_in(Place.LOG) for one in fields_of(Place.LOG) if one.usual
    ]


@pytest.mark.django_db
def test_the_page_of_a_call_states_every_fact_that_is_listed_for_it(call: CallResult) -> None:
    _, client = person("view_callresult")
    address = reverse("admin:batchcalls_callresult_change", args=[call.pk])
    facts = cells_of(r"<dt>([^<]+)</dt><dd[^>]*>(.*?)</dd>", markup(client.get(address)))
    facts["Attempt"] = facts.pop("Attempts")
    names = [one.name for one in fields_of(Place.PAGE) if one.label in facts]
    values = {one.name: facts.get(one.label, "") for one in fields_of(Place.PAGE)}
    check(Place.PAGE, call, names, values)
