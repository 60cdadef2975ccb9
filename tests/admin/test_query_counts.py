"""Every list and every main page asks as many queries of many rows as of few, and no more.

`query_counting.py` says how to record, `query_counts.json` is what was recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import UniqueConstraint
from django.test import Client
from django.urls import reverse

from batchcalls.models import Batch
from tests.admin.crowd import Crowd
from tests.admin.query_counting import compare, only_pages, queries_of

# One record holds for both kinds of database, and tracing shows nothing that other tests do not.
pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

FEW, MANY = 3, 30


def of_batch(name: str) -> Callable[[Crowd], str]:
    return lambda crowd: reverse(f"admin:batchcalls_batch_{name}", args=[crowd.batch.pk])


def of_draft(name: str) -> Callable[[Crowd], str]:
    return lambda crowd: reverse(f"admin:batchcalls_batch_{name}", args=[crowd.draft.pk])


def page_of(table: str, row: str) -> Callable[[Crowd], str]:
    return lambda crowd: reverse(f"admin:{table}_change", args=[getattr(crowd, row).pk])


def list_of(table: str) -> Callable[[Crowd], str]:
    return lambda crowd: reverse(f"admin:{table}_changelist")


def of_calls(query: str) -> Callable[[Crowd], str]:
    return lambda crowd: list_of("batchcalls_callresult")(crowd) + query.format(crowd=crowd)


#: Every list of the sidebar, by its table.
LISTS = {
    "Batch Calls": "batchcalls_batch",
    "Call Logs": "batchcalls_callresult",
    "Campaigns": "campaigns_campaign",
    "Pathways": "campaigns_pathway",
    "Tools": "campaigns_tool",
    "Calling policies": "campaigns_callingpolicy",
    "Rule packs": "campaigns_rulepackswitch",
    "Do-not-call": "campaigns_suppression",
    "Review opt-outs": "batchcalls_optoutreview",
    "Voice accounts": "batchcalls_voiceaccount",
    "Column mappings": "campaigns_columnmapping",
    "Allowed hosts": "campaigns_allowedhost",
    "API keys": "batchcalls_apikey",
    "Webhooks": "batchcalls_webhookendpoint",
    "Opt-out sources": "batchcalls_optoutsource",
    "Webhook deliveries": "batchcalls_webhookdelivery",
    "Users": "auth_user",
    "Groups": "auth_group",
    "Lists": "batchcalls_storedlist",
    "Exports": "batchcalls_export",
    "Workers": "batchcalls_workerheartbeat",
    "Audit log": "batchcalls_auditentry",
}

PAGES: dict[str, Callable[[Crowd], str]] = {
    **{label: list_of(table) for label, table in LISTS.items()},
    "Dashboard": lambda crowd: reverse("admin:index"),
    "Emergency stop": lambda crowd: reverse("admin:emergency_stop"),
    "Restored from a backup": lambda crowd: reverse("admin:restored"),
    "Sign-ins": lambda crowd: reverse("admin:sign_ins"),
    "Sign-in security": lambda crowd: reverse("admin:security"),
    "Batch Calls, with test calls": lambda crowd: (
        list_of("batchcalls_batch")(crowd) + "?tests=on&status=active"
    ),
    "Batch: overview": of_batch("change"),
    "Batch: recipients": of_batch("recipients"),
    "Batch: log": of_batch("log"),
    "Batch: dry run": of_batch("dry_run"),
    "Batch: settings": of_batch("settings"),
    "Batch: cancel": of_batch("cancel"),
    "Batch: test call": of_draft("test_call"),
    "Call Logs, every column": of_calls(
        "?columns=batch&columns=campaign&columns=account&columns=row&columns=call_id"
    ),
    "Call Logs of a batch": of_calls("?batch={crowd.batch.pk}"),
    "Call Logs of a campaign": of_calls("?campaign={crowd.campaign.pk}"),
    "Call": page_of("batchcalls_callresult", "call"),
    "Recipient": page_of("batchcalls_recipient", "recipient"),
    "New batch: upload": lambda crowd: reverse("admin:batchcalls_batch_add"),
    "Draft: upload": of_draft("upload"),
    "Draft: columns": of_draft("columns"),
    "Draft: review": of_draft("review"),
    "Campaign": page_of("campaigns_campaign", "campaign"),
    "Calling policy": page_of("campaigns_callingpolicy", "policy"),
    "Voice account": page_of("batchcalls_voiceaccount", "account"),
    "Number": lambda crowd: reverse(
        "admin:campaigns_suppression_number", args=[crowd.call.to_number]
    ),
    "List": page_of("batchcalls_storedlist", "list"),
    "User": page_of("auth_user", "admin"),
}


@pytest.fixture
def crowd(make_batch: Any) -> Crowd:
    """Few rows of everything."""
    draft = make_batch("+12025550190", "12", "+12025550191", name="Draft")
    crowd = Crowd(draft)
    crowd.grow(FEW)
    return crowd


@pytest.fixture
def client(crowd: Crowd) -> Client:
    client = Client()
    client.force_login(crowd.admin)
    return client


def test_a_page_asks_as_many_queries_of_many_rows_as_of_few(
    crowd: Crowd, client: Client, subtests: pytest.Subtests
) -> None:
    # One crowd for all pages: to make it takes longer than to ask for a page.
    addresses = {label: address_of(crowd) for label, address_of in PAGES.items()}
    few = {}
    for label, address in addresses.items():
        queries_of(client, address)  # What a process learns once is not counted.
        few[label] = queries_of(client, address)
    crowd.grow(MANY)
    for label, address in addresses.items():
        with subtests.test(label):
            compare(label, few[label], queries_of(client, address))


def test_what_is_recorded_is_of_pages_that_there_are() -> None:
    only_pages(set(PAGES))


def test_no_list_is_left_out() -> None:
    registered = {
        f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry
    }
    # Rows are listed on the page of their batch.
    assert registered - set(LISTS.values()) == {"batchcalls_recipient"}


# Order -------------------------------------------------------------------------------------------

ORDERED = {**LISTS, "Batch: recipients": "batchcalls_recipient"}


def keys_of(model: Any) -> set[str]:
    """Name the columns that tell any two rows of a list apart, the batch being given."""
    meta = model._meta
    unique = {field.column for field in meta.concrete_fields if field.unique}
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint) and constraint.condition is None:
            within = set(constraint.fields) - {"batch"}
            unique |= within if len(within) == 1 else set()
    return unique


@pytest.mark.parametrize("label", ORDERED)
def test_a_list_is_in_an_order_that_leaves_no_two_rows_equal(
    label: str, crowd: Crowd, client: Client
) -> None:
    [model] = [
        model
        for model in admin.site._registry
        if ORDERED[label] == f"{model._meta.app_label}_{model._meta.model_name}"
    ]
    table = model._meta.db_table
    listing = [
        sql
        for sql in queries_of(client, PAGES[label](crowd))
        if sql.startswith(f'SELECT "{table}".') and " ORDER BY " in sql
    ]
    assert listing, f"{label} asks for no rows of {table} in an order."
    for sql in listing:
        last = re.findall(r'"(\w+)" (?:ASC|DESC)', sql.rsplit(" ORDER BY ", 1)[1])[-1]
        assert last in keys_of(model), f"{label} ends its order with {last}:\n{sql}"


def test_the_counts_notice_a_list_that_asks_for_each_row(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setattr(Batch.objects.__class__, "select_related", lambda rows, *names: rows.all())
    address = PAGES["Batch Calls"](crowd)
    few = queries_of(client, address)
    crowd.grow(MANY)
    with pytest.raises(
        pytest.fail.Exception, match=r'× → \d+ ×  SELECT … FROM "campaigns_campaign"'
    ):
        compare("Batch Calls", few, queries_of(client, address))
