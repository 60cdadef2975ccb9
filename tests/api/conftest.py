"""Programs that ask the API, each with a key of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client

from batchcalls.access import api_keys
from batchcalls.models import ApiKey, Batch, Scope
from batchcalls.webhooks import endpoints, outbox
from campaigns.models import CallingPolicy, Campaign, Pathway, Suppression, Tool

collect_ignore = [] if connection.vendor == "sqlite" else ["test_generated_requests.py"]


class Program:
    """A client of the API with a key."""

    def __init__(self, key: ApiKey, secret: str) -> None:
        self.key, self.secret = key, secret
        self.client = Client(headers={"Authorization": f"Bearer {secret}"})

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str) -> Any:
        return self.client.delete(path)

    def upload(self, path: str, fields: dict[str, Any], **headers: str) -> Any:
        """Send a form with files."""
        return self.client.post(path, fields, headers=headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method, path, text, content_type="application/json", headers=named
        )


ADMINISTRATORS = "Administrators"
MakeProgram = Callable[..., Program]


@pytest.fixture
def make_program(db: None) -> MakeProgram:
    """Make a key of somebody in a group, with all scopes unless told.

    The owner may also be one of the `ADMINISTRATORS`, who need no group.
    """

    def make(group: str = "Managers", *, scopes: Any = Scope.values, **fields: Any) -> Program:
        name = f"{group or 'nobody'}-{User.objects.count()}"
        owner = User.objects.create_user(name, is_staff=True, is_superuser=group == ADMINISTRATORS)
        if group and group != ADMINISTRATORS:
            owner.groups.add(Group.objects.get(name=group))
        key, secret = api_keys.create(owner, name="a program", scopes=scopes, **fields)
        return Program(key, secret)

    return make


@pytest.fixture
def program(make_program: MakeProgram) -> Program:
    """A program that may do everything that people in a group may."""
    return make_program()


@pytest.fixture
def world(make_batch: Any, run: Callable[..., Batch]) -> dict[str, list[str]]:
    """At least one row of everything, and what the addresses call them."""
    over = run(make_batch("+12025550190", "12", name="Over"))
    draft = make_batch("+12025550190", name="Draft")
    call = over.calls.get()
    row = over.recipients.filter(status="done").get()
    policy = CallingPolicy.objects.create(name="Office hours")
    tool = Tool.objects.create(name="Calendar", reference="TL-1")
    campaign = Campaign.objects.create(name="Reminder", prompt="Hi", policy=policy)
    pathway = Pathway.objects.create(name="Survey", pathway_id="pw-1")
    entry = Suppression.objects.create(e164="+12025550133")
    endpoint = endpoints.create(url="https://example.com/hook")
    delivery = outbox.send_test(endpoint)
    return {
        "batches": [str(over.pk), str(draft.pk)],
        "recipients": [str(row.pk)],
        "calls": [str(call.call_id)],
        "campaigns": [str(campaign.pk)],
        "pathways": [str(pathway.pk)],
        "tools": [str(tool.pk)],
        "policies": [str(policy.pk)],
        "do-not-call": [entry.e164],
        "accounts": [str(over.account_id)],
        "webhook-endpoints": [str(endpoint.pk)],
        "webhook-deliveries": [str(delivery.pk)],
    }
