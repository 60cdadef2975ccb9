"""The erasure of one number: nothing finds it any more, and every figure stays."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from batchcalls.batches import suppressing
from batchcalls.batches.suppressing import NewEntry
from batchcalls.calling import recent_attempts
from batchcalls.database import clock
from batchcalls.keeping import erasure
from batchcalls.keeping.person import Person
from batchcalls.models import (
    Batch,
    BatchEvent,
    CallEvent,
    CallResult,
    ExportKind,
    OptOutReview,
    Recipient,
    VoiceAccount,
)
from batchcalls.reporting.exports import jobs
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
