"""The erasure of one number: nothing finds it any more, and every figure stays."""

from __future__ import annotations

import io
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from batchcalls.access import api_keys
from batchcalls.batches import lifecycle, retrying, suppressing
from batchcalls.batches.suppressing import NewEntry
from batchcalls.calling import provider_events, recent_attempts
from batchcalls.database import clock
from batchcalls.keeping import erasure
from batchcalls.keeping.person import Person
from batchcalls.keeping.writings import Writings
from batchcalls.models import (
    Batch,
    BatchEvent,
    CallEvent,
    CallResult,
    ExportKind,
    OptOutReview,
    Recipient,
    Scope,
    VoiceAccount,
)
from batchcalls.reporting.exports import jobs
from batchcalls.states import CallStatus
from batchcalls.voice.base import VoiceEvent
from campaigns import pseudonyms
from campaigns.models import Suppression, SuppressionSource

NUMBER, OTHER = "+12025550134", "+12025550135"
LIST = (
    "phone_number,business_name,note\n"
    '(202) 555-0134,Ann Shop,"Her other line is 202.555.0134"\n'
    f"{OTHER},Bob Shop,fine\n"
    "+12025550136,Cyd Shop,her neighbor is 1-202-555-0134\n"
)
MONTH = timedelta(days=30)
FINDS = re.compile(rb"202\W{0,3}555\W{0,3}0134|Ann Shop")


def dump() -> bytes:
    """Return everything the database holds, as its files or as rows."""
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        files = [Path(name), Path(f"{name}-wal")]
        return b"".join(file.read_bytes() for file in files if file.exists())
    with connection.cursor() as cursor:
        text = ""
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')  # noqa: S608
            text += "\n".join(row[0] for row in cursor.fetchall())
    return text.encode()


def stored() -> bytes:
    return b"".join(
        path.read_bytes() for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()
    )


@pytest.fixture
def called(make_batch: Any, run: Any) -> Batch:
    """A finished batch that called the number, with all that may follow from calls."""
    batch: Batch = run(make_batch(text=LIST))
    call = CallResult.objects.get(to_number=NUMBER)
    CallResult.objects.filter(pk=call.pk).update(recording_url=f"https://x.example/{NUMBER}.mp3")
    CallEvent.objects.filter(call=call).update(payload={"to": NUMBER, "variables": ["Ann Shop"]})
    BatchEvent.objects.create(batch=batch, message=f"Stopped the call to {NUMBER}.")
    OptOutReview.objects.create(
        call=call,
        e164=NUMBER,
        heard="Ann Shop here, stop",
        created_at=clock.now(),
        decision="opted_out",
        decided_at=clock.now(),
    )
    suppressing.add(
        [NewEntry(e164=NUMBER, source=SuppressionSource.CALL, reason=f"{NUMBER} said so")]
    )
    return batch


@pytest.mark.django_db(transaction=True)
def test_after_an_erasure_nothing_finds_the_number_and_figures_are_the_same(
    called: Batch, endpoint: Any, account: VoiceAccount
) -> None:
    with_export = jobs.request(ExportKind.RESULTS, batch=called)
    jobs.run(with_export.pk)
    assert FINDS.search(dump())
    assert FINDS.search(stored())
    figures = Recipient.objects.totals(called.pk), called.status
    day = clock.now()
    spent = sum(call.cost or 0 for call in CallResult.objects.all())
    attempts = recent_attempts.of([NUMBER], account, longest=MONTH, now=day)
    assert len(attempts[NUMBER]) == 1

    report = erasure.erase(Person(NUMBER), take_out=False)

    assert FINDS.findall(dump()) == []
    assert FINDS.findall(stored()) == []
    called.refresh_from_db()
    assert (Recipient.objects.totals(called.pk), called.status) == figures
    assert sum(call.cost or 0 for call in CallResult.objects.all()) == spent
    assert recent_attempts.of([NUMBER], account, longest=MONTH, now=day) == attempts
    assert Suppression.objects.bans_among([NUMBER], now=clock.now()).on(NUMBER, None)
    assert report.counts["calls"] == report.counts["recipients"] == 1
    # Rows of others stay, without the number that they mention.
    other = Recipient.objects.get(e164="+12025550136")
    assert other.request_data["business_name"] == "Cyd Shop"
    assert other.request_data["note"] == "her neighbor is (erased)"
    assert b"Bob Shop" in stored()


@pytest.mark.django_db(transaction=True)
@pytest.mark.one_database
@pytest.mark.parametrize(
    "step", ["mentions.take_out", "stored_files.take_out", "stored_files._delete"]
)
def test_an_erasure_that_broke_off_is_repeated(
    called: Batch, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.run(jobs.request(ExportKind.RESULTS, batch=called).pk)
    figures = Recipient.objects.totals(called.pk)

    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(f"batchcalls.keeping.erasure.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            erasure.erase(Person(NUMBER), take_out=False)
    assert FINDS.search(dump() + stored())

    erasure.erase(Person(NUMBER), take_out=False)

    assert FINDS.findall(dump()) == []
    assert FINDS.findall(stored()) == []
    assert Recipient.objects.totals(called.pk) == figures
    assert Suppression.objects.bans_among([NUMBER], now=clock.now()).on(NUMBER, None)


@pytest.mark.django_db
@pytest.mark.one_database
def test_no_line_that_is_logged_has_the_number(
    called: Batch,
    admin_client: Client,
    admin_user: User,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, secret = api_keys.create(admin_user, name="Test", scopes=Scope.values)
    program = {"Authorization": f"Bearer {secret}"}
    logged = io.StringIO()
    # The handlers of settings, which mask the numbers in lines of other libraries too.
    for handler in {*logging.getLogger().handlers, *logging.getLogger("django.server").handlers}:
        if type(handler) is logging.StreamHandler:
            monkeypatch.setattr(handler, "stream", logged)
    caplog.set_level(logging.INFO, "django_structlog")
    caplog.set_level(logging.INFO, "batchcalls")

    call_command("erasenumber", NUMBER, confirm=NUMBER)
    for address in (
        reverse("admin:campaigns_suppression_number", args=[NUMBER]),
        reverse("admin:batchcalls_callresult_changelist") + f"?q={quote(NUMBER)}",
        f"/admin/no/such/page/{NUMBER}/",
    ):
        admin_client.get(address)
    for address in (f"calls?number={quote(NUMBER)}", f"do-not-call/{quote(NUMBER)}"):
        answer = admin_client.get(f"/api/v1/{address}", headers=program)
        assert answer.status_code in (200, 404), answer.content

    assert logged.getvalue().count("request_finished") == 5
    assert FINDS.findall(logged.getvalue().encode()) == []


@pytest.mark.django_db
@pytest.mark.one_database
def test_an_erasure_waits_for_live_calls_and_takes_waiting_rows_out_only_if_told(
    launched: Any,
) -> None:
    batch = launched(NUMBER, OTHER)
    person = Person(NUMBER)
    with pytest.raises(erasure.CannotErase, match="still to be called: Test, row 2"):
        erasure.erase(person, take_out=False)
    mine = Recipient.objects.filter(batch=batch, e164=NUMBER)
    mine.update(status="dialing", claim_token=batch.pk, claimed_at=clock.now(), due_at=None)
    with pytest.raises(erasure.CannotErase, match="live"):
        erasure.erase(person, take_out=True)
    mine.update(status="queued", due_at=clock.now())
    erasure.erase(person, take_out=True)
    row = Recipient.objects.get(batch=batch, row_number=2)
    assert (row.status, row.reason_code, row.attempts) == ("canceled", "erased", 0)
    assert pseudonyms.is_pseudonym(row.e164)
    assert batch.events.filter(code="erased").count() == 1
    # Whoever calls again does not reach a pseudonym.
    batch.refresh_from_db()
    assert not retrying.retriable(batch, ["failed", "not_reached"]).exists()


@pytest.mark.django_db
@pytest.mark.one_database
def test_a_draft_with_the_number_has_to_be_canceled_or_imported_first(make_batch: Any) -> None:
    draft = make_batch(NUMBER)
    with pytest.raises(erasure.CannotErase, match=r"list\.csv \(Test\).*cancel the draft"):
        erasure.erase(Person(NUMBER), take_out=True)
    lifecycle.cancel(draft)
    erasure.erase(Person(NUMBER), take_out=True)
    assert not draft.first_list.file.storage.exists(draft.first_list.file.name)


@pytest.mark.django_db
@pytest.mark.one_database
def test_an_event_that_arrives_after_the_erasure_brings_nothing_back(called: Batch) -> None:
    call = CallResult.objects.get(to_number=NUMBER)
    erasure.erase(Person(NUMBER), take_out=False)
    event = VoiceEvent(
        event_key="late",
        raw_status="completed",
        provider_call_id=str(call.provider_call_id),
        status=CallStatus.COMPLETED,
        occurred_at=clock.now(),
    )
    payload = {"to": NUMBER, "transcript": "Ann Shop"}
    provider_events.keep(call.account_id, event, payload, now=clock.now())
    row = CallEvent.objects.get(event_key="late")
    provider_events._apply(call.account_id, {row: event}, now=clock.now())
    row.refresh_from_db()
    assert (row.call_id, row.payload) == (call.pk, {})
    call.refresh_from_db()
    assert call.transcript == []


@pytest.mark.parametrize(
    "text",
    ["+12025550134", "(202) 555-0134", "1-202-555-0134", "number=%2B12025550134", "202.555.0134"],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    writings = Writings(NUMBER)
    assert writings.are_in(f"Call {text}, please")
    assert re.search(writings.likely, text)
    assert "0134" not in writings.without(f"x {text} y")


@pytest.mark.parametrize("text", ["+12025550135", "12025550134567", "2025-55-01", "9920255501340"])
def test_another_number_stays(text: str) -> None:
    assert Writings(NUMBER).without(text) == text


def test_a_phone_has_one_pseudonym_however_it_is_dialed(settings: Any) -> None:
    name = pseudonyms.pseudonym_of("+5491123456789")
    assert name == pseudonyms.pseudonym_of("+541123456789")
    assert len(name) == 16
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    assert pseudonyms.pseudonym_of("+541123456789") != name
    settings.SECRET_KEY_FALLBACKS = [former]
    assert name in pseudonyms.pseudonyms_of("+541123456789")
