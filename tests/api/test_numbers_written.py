"""How numbers are written, by API and command."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command

from batchcalls.intake import runner
from batchcalls.models import Recipient, StoredList, VoiceAccount
from campaigns.models import Suppression
from tests.api.bodies import BATCHES, a_file, batch_of, form
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

AMBIGUOUS = "4915123456789"


def numbers(answer: object) -> list[str]:
    batch = batch_of(answer)
    runner.run_batch(batch.pk, seconds=30)
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    return [row.reason_code or row.e164 for row in rows]


def test_a_program_says_how_the_numbers_are_written(program: Program) -> None:
    fields = {
        "prompt": "Hello.",
        "region": "DE",
        "dry_run": True,
        "recipients": [{"phone_number": AMBIGUOUS}, {"phone_number": "+4930123456"}],
    }

    alone = program.post(BATCHES, fields)
    stated = program.post(BATCHES, {**fields, "numbers_written": "with_country_code"})
    wrong = program.post(BATCHES, {**fields, "numbers_written": "backwards"})

    assert numbers(alone) == ["ambiguous_number", "+4930123456"]
    assert numbers(stated) == ["+4915123456789", "+4930123456"]
    assert wrong.status_code == 400
    rows = program.get(stated.json()["links"]["recipients"]).json()["results"]
    assert rows[0]["phone_numbers"] == ["+4915123456789"]


def test_a_file_may_have_several_phone_columns_and_says_how_they_are_written(
    program: Program,
) -> None:
    answer = program.upload(
        BATCHES,
        form(
            prompt="Hello.",
            file=a_file(f"A;B\n{AMBIGUOUS};+12025550190\n"),
            region="DE",
            numbers_written="national",
            mapping=json.dumps({"B": "phone_number.2", "A": "phone_number"}),
        ),
    )

    batch = batch_of(answer)
    assert batch.first_list.numbers_written == "national"


def test_a_number_not_to_call_is_added_in_both_readings(program: Program, settings: object) -> None:
    settings.DEFAULT_REGION = "DE"  # type: ignore[attr-defined]

    answer = program.post("/api/v1/do-not-call", {"phone_number": AMBIGUOUS})

    both = ["+494915123456789", "+4915123456789"]
    assert answer.json()["numbers"] == both
    assert set(Suppression.objects.values_list("e164", flat=True)) == set(both)


def test_the_commands_say_how_the_numbers_are_written(
    account: VoiceAccount, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"phone_number\n{AMBIGUOUS}\n")
    written = ["--numbers-written", "with_country_code", "--region", "DE"]

    with pytest.raises(SystemExit) as left:
        call_command(
            "sendbatch", str(path), "--prompt", "Hi", "--dry-run", *written, stdout=io.StringIO()
        )
    call_command("donotcall", str(path), *written, stdout=io.StringIO())

    assert left.value.code == 0
    assert Recipient.objects.get().e164 == "+4915123456789"
    assert list(Suppression.objects.values_list("e164", flat=True)) == ["+4915123456789"]
    assert StoredList.objects.filter(numbers_written="with_country_code").count() == 2
