"""Every way to upload a list names the full disk, stores nothing, and loses nothing typed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from rest_framework.views import APIView

from batchcalls.models import Batch, StoredList, VoiceAccount
from tests.admin.test_campaign_editor import filled
from tests.api.bodies import BATCHES, body
from tests.api.conftest import Program, make_program, program  # noqa: F401
from tests.disks import files, fill, full_database, small_disk

pytestmark = pytest.mark.django_db

#: Two megabytes: neither the small disk nor a full database holds it.
PROMPT = "Say hello. " * 200_000
LIST = "phone_number\n" + "".join(f"+1415{2_000_000 + n}\n" for n in range(4_000))
MEDIA_FULL = "The disk that holds MEDIA_ROOT is full. Free some space there."
DATABASE_FULL = "The disk that holds the database is full. Free some space there."


@pytest.fixture
def disk(media: Path) -> Iterator[Path]:
    with small_disk(media) as folder:
        fill(folder)
        yield folder


@pytest.fixture
def full() -> Iterator[None]:
    with full_database("batchcalls_batch"):
        yield


@pytest.fixture
def list_file(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(LIST)
    return path


def fields(**more: Any) -> dict[str, Any]:
    file = SimpleUploadedFile("list.csv", LIST.encode(), content_type="text/csv")
    account = VoiceAccount.objects.built_in().pk
    values = {"name": "Spring", "says": "prompt", "prompt": "Hello, neighbor.", "file": file}
    values |= {"purpose": "informational", "account": account, "duplicates": "call_once"}
    return {**values, "next": "1", **more}


def sendbatch(*arguments: object) -> tuple[int, str]:
    err = io.StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("sendbatch", *map(str, arguments), stdout=io.StringIO(), stderr=err)
    return int(left.value.code or 0), err.getvalue()


class TestFiles:
    def test_the_api_answers_507(self, program: Program, disk: Path) -> None:  # noqa: F811
        answer = program.post(BATCHES, body())
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
        assert answer.json()["detail"] == f"{MEDIA_FULL} Nothing was stored."
        assert (Batch.objects.count(), files(disk)) == (0, ["lists"])

    def test_the_compatible_api_answers_507(
        self,
        program: Program,  # noqa: F811
        account: VoiceAccount,
        disk: Path,
    ) -> None:
        sent = {"base_prompt": "Hello.", "call_data": [{"phone_number": "+12025550190"}]}
        answer = program.post("/v1/batches", sent)
        assert (answer.status_code, answer.json()["message"]) == (
            507,
            f"{MEDIA_FULL} Nothing was stored.",
        )
        assert (Batch.objects.count(), files(disk)) == (0, ["lists"])

    def test_the_page_says_so_beside_the_file_and_keeps_what_was_typed(
        self, admin_client: Client, account: VoiceAccount, disk: Path
    ) -> None:
        answer = admin_client.post(reverse("admin:batchcalls_batch_add"), fields())
        assert answer.status_code == 200
        form = answer.context["form"]
        assert form.errors == {"file": [f"{MEDIA_FULL} Nothing was stored."]}
        assert form["prompt"].value() == "Hello, neighbor."
        assert (Batch.objects.count(), files(disk)) == (0, ["lists"])

    def test_sendbatch_ends_with_status_2(
        self, account: VoiceAccount, disk: Path, list_file: Path
    ) -> None:
        status, told = sendbatch(list_file, "--prompt", "Hello.")
        assert (status, told) == (2, f"{MEDIA_FULL} Nothing was stored.\n")
        assert (Batch.objects.count(), files(disk)) == (0, ["lists"])

    def test_sendbatch_says_when_the_results_do_not_fit(
        self, account: VoiceAccount, list_file: Path, tmp_path: Path
    ) -> None:
        list_file.write_text("phone_number\n+12025550190\n")
        account.options = {"speed": 0}
        account.save()
        with small_disk(tmp_path / "small") as folder:
            results = folder / "results.csv"
            fill(folder)
            status, told = sendbatch(list_file, "--prompt", "Hello.", "--results", results)
            assert files(folder) == []
        assert status == 2
        assert f"{results} was not written. The disk that holds {results} is full." in told
        assert Batch.objects.get().status == "completed"

    def test_a_do_not_call_list_is_refused(
        self, admin_client: Client, disk: Path, list_file: Path
    ) -> None:
        url = reverse("admin:batchcalls_storedlist_add_do_not_call")
        answer = admin_client.post(url, {"file": fields()["file"], "note": "Asked us."})
        assert answer.context["form"].errors == {"file": [f"{MEDIA_FULL} Nothing was stored."]}
        with pytest.raises(CommandError, match=MEDIA_FULL):
            call_command("donotcall", str(list_file))
        assert (StoredList.objects.count(), files(disk)) == (0, ["lists"])


@pytest.mark.django_db(transaction=True)
class TestTheDatabase:
    @pytest.fixture(autouse=True)
    def large_prompts(self, settings: Any) -> None:
        """Take prompts that are as large as what is left of a disk."""
        settings.MAX_PROMPT_CHARACTERS = len(PROMPT)

    def test_the_api_answers_507_and_keeps_no_file(
        self,
        program: Program,  # noqa: F811
        account: VoiceAccount,
        full: None,
        media: Path,
    ) -> None:
        answer = program.post(BATCHES, body(prompt=PROMPT))
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
        assert answer.json()["detail"] == f"{DATABASE_FULL} Nothing was stored."
        assert not [path for path in media.rglob("*") if path.is_file()]

    def test_the_page_says_so_and_keeps_what_was_typed(
        self, admin_client: Client, account: VoiceAccount, full: None
    ) -> None:
        url = reverse("admin:batchcalls_batch_add")
        answer = admin_client.post(url, fields(prompt=PROMPT))
        form = answer.context["form"]
        assert form.non_field_errors() == [DATABASE_FULL]
        assert form["prompt"].value().strip() == PROMPT.strip()
        assert not Batch.objects.exists()

    def test_other_pages_keep_what_was_typed_too(self, admin_client: Client) -> None:
        url = reverse("admin:campaigns_suppression_add")
        numbers = "\n".join(f"+1415{2_000_000 + n}, {'Asked us. ' * 15}" for n in range(4_000))
        with full_database("campaigns_suppression"):
            answer = admin_client.post(url, {"numbers": numbers, "region": "US"})
        form = answer.context["form"]
        assert form.non_field_errors() == [DATABASE_FULL]
        assert form["numbers"].value() == numbers

    def test_any_other_page_names_it(self, admin_client: Client) -> None:
        admin_client.raise_request_exception = False
        with full_database("campaigns_campaign"):
            url = reverse("admin:campaigns_campaign_add")
            answer = admin_client.post(url, filled(prompt=PROMPT))
        assert answer.status_code == 507
        assert answer.content.decode().startswith(DATABASE_FULL)

    def test_sendbatch_ends_with_status_2(
        self, account: VoiceAccount, full: None, list_file: Path, media: Path
    ) -> None:
        status, told = sendbatch(list_file, "--prompt", PROMPT)
        assert (status, told) == (2, f"{DATABASE_FULL} Nothing was stored.\n")
        assert not [path for path in media.rglob("*") if path.is_file()]


def test_an_api_request_that_does_not_fit_in_the_temporary_folder_is_answered_507(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "small") as folder:
        fill(folder)
        with pytest.raises(OSError, match="No space left") as full:
            (folder / "upload").write_bytes(bytes(9_999))
    answer = APIView.settings.EXCEPTION_HANDLER(full.value, {})
    assert answer is not None
    assert (answer.status_code, answer.data["code"]) == (507, "disk_full")
    assert "temporary files (TMPDIR)" in answer.data["detail"]
