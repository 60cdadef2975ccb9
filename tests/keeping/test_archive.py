"""Everything about one number as one archive, by page and by command."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from batchcalls.batches import suppressing
from batchcalls.batches.suppressing import NewEntry
from batchcalls.keeping import archive
from batchcalls.models import AuditEntry, Batch, CallResult, ErasedNumber
from campaigns.models import SuppressionSource

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

NUMBER = "+12025550134"


def read(content: bytes) -> dict[str, Any]:
    with ZipFile(io.BytesIO(content)) as zipped:
        assert set(zipped.namelist()) == {
            "README.txt",
            *(f"{name}.{form}" for name in archive.CONTENTS for form in ("json", "csv")),
        }
        return {name: json.loads(zipped.read(f"{name}.json")) for name in archive.CONTENTS}


@pytest.fixture
def called(make_batch: Any, run: Any) -> Batch:
    text = f"phone_number,business_name,consent\n{NUMBER},Ann Shop,yes\n+12025550135,Bob Shop,yes\n"
    batch: Batch = run(make_batch(text=text))
    entry = NewEntry(e164=NUMBER, source=SuppressionSource.CALL, reason="Asked")
    suppressing.add([entry])
    return batch


def test_the_page_of_a_number_sends_all_that_is_stored_about_it_and_nothing_of_others(
    called: Batch, admin_client: Client
) -> None:
    page = admin_client.get(reverse("admin:campaigns_suppression_number", args=[NUMBER]))
    url = reverse("admin:campaigns_suppression_archive", args=[NUMBER])
    assert url in page.content.decode()
    assert admin_client.get(url).status_code == 405
    content = b"".join(admin_client.post(url).streaming_content)  # type: ignore[attr-defined]
    found = read(content)
    [row] = found["recipients"]
    assert row["request_data"]["business_name"] == "Ann Shop"
    assert row["consent"]
    [call] = found["calls"]
    assert call["transcript"]
    assert found["do_not_call"][0]["reason"] == "Asked"
    assert found["provider_events"]
    assert found["uploaded_rows"][0]["cells"][1] == ["business_name", "Ann Shop"]
    # The entry about this very archive.
    assert found["audit"][-1]["action"] == "exported"
    assert "Bob Shop" not in json.dumps(found)
    assert "+12025550135" not in json.dumps(found)


def test_the_command_writes_the_same_archive_and_overwrites_no_file(
    called: Batch, tmp_path: Path, capsys: Any
) -> None:
    path = tmp_path / "ann.zip"
    call_command("aboutnumber", "202 555 0134", "--output", str(path))
    assert len(read(path.read_bytes())["calls"]) == 1
    assert "1  calls" in capsys.readouterr().out
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="already exists"):
        call_command("aboutnumber", NUMBER, "--output", str(path))


def test_the_page_erases_a_number_that_was_typed_again(called: Batch, admin_client: Client) -> None:
    url = reverse("admin:campaigns_suppression_erase", args=[NUMBER])
    page = admin_client.get(url).content.decode()
    assert "stays on the do-not-call list, as a hash" in page
    wrong = admin_client.post(url, {"confirmation": "+12025550135"})
    assert "Type +12025550134" in wrong.content.decode()
    assert CallResult.objects.filter(to_number=NUMBER).exists()
    answer = admin_client.post(url, {"confirmation": NUMBER}, follow=True)
    assert "The number was erased: " in answer.content.decode()
    assert not CallResult.objects.filter(to_number=NUMBER).exists()
    assert ErasedNumber.objects.count() == 1
    entry = AuditEntry.objects.get(action="erased")
    assert (entry.note, entry.actor_name) == ("+1 202 ••• ••34", "admin")
    assert (entry.after or {})["calls"] == 1
    again = reverse("admin:campaigns_suppression_number", args=[NUMBER])
    assert "Data about it was erased" in admin_client.get(again).content.decode()


def test_the_command_erases_nothing_when_the_numbers_differ(called: Batch) -> None:
    with pytest.raises(CommandError, match="differ"):
        call_command("erasenumber", NUMBER, "--confirm", "+12025550135")
    assert CallResult.objects.filter(to_number=NUMBER).exists()
