"""People and rows that several tests of pages share."""

from __future__ import annotations

import pytest
from django.test import Client

from batchcalls.access import sessions
from campaigns.models import Suppression
from tests.admin.call_rows import person

NUMBER = "+12025550190"
ALL = ("view_suppression", "add_suppression", "change_suppression", "delete_suppression")


@pytest.fixture(autouse=True)
def patient_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Note less often that somebody is there: on a slow machine that adds to counted queries."""
    monkeypatch.setattr(sessions, "SEEN_EVERY_SECONDS", 300)


@pytest.fixture
def keeper() -> Client:
    """Somebody who keeps the list and sees calls and rows."""
    return person(*ALL, "view_callresult", "view_recipient", "view_batch")[1]


@pytest.fixture
def listed() -> Suppression:
    return Suppression.objects.create(e164=NUMBER, reason="asked by letter")
