"""Awkward files, from their bytes to the rows in the database, or to the reason why not."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from django.test import override_settings

from batchcalls.drafting import drafts
from batchcalls.drafting.drafts import DraftRequest
from batchcalls.intake.uploads import ReadingOptions, UploadError
from batchcalls.lists.mapping import MappingError
from batchcalls.lists.unreadable import UnreadableList
from batchcalls.models import Batch, Recipient, StoredList, VoiceAccount
from batchcalls.states import BatchStatus, ListStatus, RecipientStatus
from tests.data.awkward.make import COMPRESSED, FILES, HERE, readme
from tests.intake.test_importing import validated
from tests.lists.awkward_cases import CASES, Became, Case

NO_LISTS = {"README.md", ".gitattributes"}


def draft(case: Case, account: VoiceAccount) -> Batch:
    request = DraftRequest(
        name="Awkward", account=account, prompt="Hello.", reading=ReadingOptions(**case.asked)
    )
    with (HERE / case.file).open("rb") as stream:
        return drafts.create(request, stream, file_name=case.file)


def became(batch: Batch) -> list[Became]:
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    return list(rows.values_list("row_number", "e164", "reason_code", "request_data"))


def refusal(case: Case, account: VoiceAccount) -> tuple[str, str]:
    try:
        draft(case, account)
    except MappingError as error:
        return error.problems[0].code, str(error)
    except (UnreadableList, UploadError) as error:
        return error.code, str(error)
    raise AssertionError(f"{case} was not refused.")


def listed(*, refused: bool) -> list[object]:
    """Return the cases that are refused, or the others."""
    return [pytest.param(case, id=str(case)) for case in CASES if bool(case.refused[0]) is refused]


@pytest.mark.usefixtures("example_hosts")
@pytest.mark.parametrize("case", listed(refused=False))
def test_each_row_of_the_file_becomes_what_is_in_the_table(
    case: Case, account: VoiceAccount
) -> None:
    with override_settings(**case.limits):
        batch = draft(case, account)
        stored = batch.first_list
        batch = validated(batch)

    assert (stored.sheet or f"{stored.encoding} {stored.delimiter}") == case.read_as
    assert stored.headers == case.headers
    stored.refresh_from_db()
    if case.failed[0]:
        code, says = case.failed
        assert (batch.status, batch.reason_code) == (BatchStatus.FAILED, code)
        assert (stored.status, stored.reason_code) == (ListStatus.FAILED, code)
        assert says in stored.reason
        assert not Recipient.objects.filter(status=RecipientStatus.PENDING).exists()
        return
    assert became(batch) == case.rows
    is_callable = any(not code for _, _, code, _ in case.rows)
    assert batch.status == (BatchStatus.READY if is_callable else BatchStatus.DRAFT)
    assert batch.row_count == len(case.rows)
    for row in Recipient.objects.filter(batch=batch):
        assert bool(row.reason) == bool(row.reason_code), "who is skipped is told why"
        expected = case.more.get(row.row_number, {})
        assert {name: getattr(row, name) for name in expected} == expected


@pytest.mark.parametrize("case", listed(refused=True))
def test_a_file_that_cannot_be_used_is_refused_and_nothing_is_stored(
    case: Case, account: VoiceAccount, media: Path
) -> None:
    code, says = case.refused
    with override_settings(**case.limits):
        found, sentence = refusal(case, account)

    assert found == code
    assert says in sentence
    assert sentence.endswith(".")
    assert not Batch.objects.exists()
    assert not StoredList.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_every_file_of_the_folder_is_in_the_table_and_can_be_made_again() -> None:
    there = {
        path.name
        for path in HERE.iterdir()
        if path.is_file() and path.suffix != ".py" and path.name not in NO_LISTS
    }
    assert there == {case.file for case in CASES}
    assert there == set(FILES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_what_is_made_is_what_is_there(name: str) -> None:
    made, there = FILES[name][1], (HERE / name).read_bytes()
    if name == COMPRESSED:
        made, there = unpacked(made), unpacked(there)
    assert made == there


def unpacked(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return b"".join(info.filename.encode() + package.read(info) for info in package.infolist())


def test_the_table_for_people_is_up_to_date() -> None:
    assert (HERE / "README.md").read_text(encoding="utf-8") == readme()
