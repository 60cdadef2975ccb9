"""The pages of opt-out sources: their address, their secret, and their messages."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from batchcalls.batches import opt_out_sources
from batchcalls.database import clock
from batchcalls.models import OptOutMessage, OptOutSource
from batchcalls.webhooks import signing
from tests.admin.call_rows import person
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db


def url(name: str, *arguments: object) -> str:
    return reverse(f"admin:batchcalls_optoutsource_{name}", args=arguments)


@pytest.fixture
def keeper() -> Client:
    return person("view_optoutsource", "add_optoutsource", "change_optoutsource")[1]


@pytest.fixture
def source() -> OptOutSource:
    return opt_out_sources.create("CRM")


def test_a_new_source_shows_its_address_and_its_secret(keeper: Client) -> None:
    answer = keeper.post(url("add"), {"name": "Website form"}, follow=True)
    source = OptOutSource.objects.get()
    page = markup(answer)
    assert source.url in page
    assert signing.source_secrets(source, now=clock.now())[0] in page
    assert "no-store" in answer["Cache-Control"]
    assert "Website form" in markup(keeper.get(url("changelist")))


def test_a_viewer_sees_no_secret_and_changes_nothing(source: OptOutSource) -> None:
    _, viewer = person("view_optoutsource")
    page = markup(viewer.get(url("change", source.pk)))
    assert source.url in page
    assert "whsec_" not in page
    for action in ("rotate", "disable", "enable"):
        assert viewer.post(url(action, source.pk)).status_code == 403
    assert viewer.get(url("add")).status_code == 403


def test_a_new_secret_is_made_on_confirmation(keeper: Client, source: OptOutSource) -> None:
    before = signing.source_secrets(source, now=clock.now())
    assert "keeps working for 24 hours" in markup(keeper.get(url("rotate", source.pk)))
    page = markup(keeper.post(url("rotate", source.pk), follow=True))
    source.refresh_from_db()
    after = signing.source_secrets(source, now=clock.now())
    assert after[1:] == before
    assert after[0] in page
    assert "The old secret works until" in page


def test_a_source_is_turned_off_and_on(keeper: Client, source: OptOutSource) -> None:
    page = markup(keeper.post(url("disable", source.pk), follow=True))
    assert "This source is off" in page
    source.refresh_from_db()
    assert not source.enabled
    keeper.post(url("enable", source.pk))
    source.refresh_from_db()
    assert source.enabled


def test_the_latest_messages_are_listed(keeper: Client, source: OptOutSource) -> None:
    OptOutMessage.objects.create(
        source=source,
        message_id="msg_7",
        digest="0" * 64,
        answer={"added": 1, "known": 1, "numbers": ["+12025550123", "+12025550124"]},
        received_at=clock.now(),
    )
    page = " ".join(markup(keeper.get(url("change", source.pk))).split())
    assert "2 numbers, 1 new" in page
    assert "msg_7" in page
