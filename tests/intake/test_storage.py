"""A mount that is away or a disk that is full delays an import and fails nothing for good."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls import queue, tasks
from batchcalls.batches import lifecycle
from batchcalls.drafting import drafts
from batchcalls.intake import do_not_call, runner, splitting
from batchcalls.intake.uploads import ReadingOptions, UploadError
from batchcalls.models import Batch, BatchEvent, Export, ListPart, Recipient, StoredList
from batchcalls.models.export import ExportKind
from batchcalls.reporting.exports import jobs
from batchcalls.states import BatchStatus, ExportStatus, ListStatus
from campaigns.models import Suppression
from tests.databases import NewDatabase
from tests.disks import away, files, fill, small_disk
from tests.installation import Installation, wait_for

HUMAN = "+12025550190"
LIST = b"phone_number\n+12025550190\n"


def numbers(count: int) -> list[str]:
    return [f"+1415{2_000_000 + n}" for n in range(count)]


def import_all(batch: Batch) -> Batch:
    """Import as a worker does when the wait is over."""
    StoredList.objects.importing().update(lease_until=None)
    while runner.run_batch(batch.pk, seconds=30):
        pass
    batch.refresh_from_db()
    return batch


@pytest.fixture
def disk(media: Path) -> Iterator[Path]:
    with small_disk(media) as folder:
        yield folder


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "PART_ROWS", 10)


@pytest.mark.django_db
class TestAMountThatIsAway:
    def test_the_import_waits_says_why_everywhere_and_continues_when_it_is_back(
        self, make_batch: Any, media: Path, admin_client: Client, client: Client
    ) -> None:
        batch = make_batch(HUMAN)
        lifecycle.submit(batch, launch=False)
        tasks.sweep()
        with away(media):
            assert not runner.run_batch(batch.pk, seconds=30)
            batch.refresh_from_db()
            assert (batch.status, batch.reason) == (BatchStatus.VALIDATING, "")
            waiting = StoredList.objects.get()
            assert (waiting.status, waiting.reason_code) == ("importing", "storage_away")
            for page in ("change", "review"):
                url = reverse(f"admin:batchcalls_batch_{page}", args=[batch.pk])
                assert "MEDIA_ROOT) cannot be reached" in admin_client.get(url).content.decode()
            ready = client.get("/readyz")
            assert ready.status_code == 503
            assert "MEDIA_ROOT" in ready.json()["checks"]["storage"]["detail"]
        assert import_all(batch).status == BatchStatus.READY
        assert list(
            BatchEvent.objects.filter(batch=batch, code__startswith="storage").values_list(
                "code", flat=True
            )
        ) == ["storage_away", "storage_back"]
        assert client.get("/readyz").json()["checks"]["storage"] == {"ok": True}

    def test_it_is_tried_again_with_growing_waits_for_a_day(
        self, make_batch: Any, media: Path, clock: Any
    ) -> None:
        batch = make_batch(HUMAN)
        lifecycle.submit(batch, launch=False)
        waits = []
        with away(media):
            for _ in range(1_000):
                runner.run_batch(batch.pk, seconds=30)
                stored = StoredList.objects.get()
                if stored.status != ListStatus.IMPORTING or stored.lease_until is None:
                    break
                waits.append(stored.lease_until - timezone.now())
                clock.move_to(stored.lease_until + timedelta(seconds=1))
        seconds = [round(wait.total_seconds()) for wait in waits]
        assert (seconds, seconds[0], seconds[-1]) == (sorted(seconds), 5, 600)
        assert sum(seconds) > 23 * 3_600
        batch.refresh_from_db()
        assert (batch.status, batch.reason_code) == (BatchStatus.FAILED, "storage_away")
        assert BatchEvent.objects.filter(batch=batch, code="storage_away").count() == 2

    def test_a_draft_s_list_cannot_be_read_again_now(
        self, make_batch: Any, media: Path, admin_client: Client
    ) -> None:
        batch = make_batch(HUMAN)
        with away(media):
            url = reverse("admin:batchcalls_batch_columns", args=[batch.pk])
            answer = admin_client.post(url, {"read_again": "1", "encoding": "utf-8"})
        assert "MEDIA_ROOT) cannot be reached" in answer.content.decode()
        assert batch.lists.count() == 1

    @pytest.mark.usefixtures("small_parts")
    def test_a_part_that_cannot_be_reached_waits(self, make_batch: Any, media: Path) -> None:
        batch = make_batch(*numbers(30))
        lifecycle.submit(batch, launch=False)
        runner.run_batch(batch.pk, seconds=0)
        with away(media):
            assert not runner.run_batch(batch.pk, seconds=30)
            assert not runner.run_batch(batch.pk, seconds=30)  # a worker that was rung as well
        assert import_all(batch).status == BatchStatus.READY
        assert Recipient.objects.count() == 30

    @pytest.mark.usefixtures("small_parts")
    def test_no_part_is_stored_below_a_mount_that_goes_away_during_the_split(
        self, make_batch: Any, media: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        batch = make_batch(*numbers(50))
        lifecycle.submit(batch, launch=False)
        hidden = media.with_name("hidden")
        ring = queue.ring

        def ring_and_lose_the_mount(*message: Any) -> None:
            ring(*message)
            if ListPart.objects.count() == 2:
                media.rename(hidden)

        with monkeypatch.context() as patched:
            patched.setattr(queue, "ring", ring_and_lose_the_mount)
            runner.run_batch(batch.pk, seconds=30)
        assert not media.exists()
        hidden.rename(media)
        assert import_all(batch).status == BatchStatus.READY
        assert Recipient.objects.count() == 50

    def test_an_upload_is_refused_rather_than_hidden_below_the_mount(
        self, make_batch: Any, media: Path
    ) -> None:
        make_batch(HUMAN)
        with away(media):
            with pytest.raises(UploadError, match="MEDIA_ROOT") as refused:
                make_batch(HUMAN)
            assert not media.exists()
        assert refused.value.code == "storage_away"
        assert Batch.objects.count() == 1

    def test_a_do_not_call_list_waits(self, media: Path) -> None:
        stored = do_not_call.add_list(
            io.BytesIO(LIST), file_name="stop.csv", reading=ReadingOptions()
        )
        with away(media):
            runner.run(stored.pk, seconds=30)
        stored.refresh_from_db()
        assert (stored.status, stored.reason_code) == ("importing", "storage_away")
        StoredList.objects.update(lease_until=None)
        runner.run(stored.pk, seconds=30)
        assert Suppression.objects.count() == 1

    def test_an_export_waits_and_is_written_whole_when_it_is_back(
        self, make_batch: Any, run: Any, media: Path, admin_client: Client
    ) -> None:
        batch = run(make_batch(HUMAN, "not one"))
        export = jobs.request(ExportKind.RESULTS, batch=batch)
        with away(media):
            jobs.run(export.pk)
            export.refresh_from_db()
            assert export.status == ExportStatus.WAITING
            assert "MEDIA_ROOT" in export.reason
            url = reverse("admin:batchcalls_batch_export", args=[batch.pk, "results", "csv"])
            answer = admin_client.get(url, follow=True)
            assert "MEDIA_ROOT" in answer.content.decode()
        Export.objects.update(lease_until=None)
        jobs.run(export.pk)
        export.refresh_from_db()
        assert (export.status, export.row_count, export.reason) == (ExportStatus.DONE, 2, "")
        with away(media):
            url = reverse("admin:batchcalls_export_file", args=[export.pk])
            assert "MEDIA_ROOT" in admin_client.get(url, follow=True).content.decode()


@pytest.mark.django_db
class TestAFullDisk:
    def test_an_import_waits_and_leaves_no_half_part(self, make_batch: Any, disk: Path) -> None:
        batch = make_batch(*numbers(4_000))
        lifecycle.submit(batch, launch=False)
        before = files(disk)
        filler = fill(disk, free=20_000)
        assert not runner.run_batch(batch.pk, seconds=30)
        stored = StoredList.objects.get()
        assert (stored.status, stored.reason_code) == ("importing", "disk_full")
        assert "The disk that holds MEDIA_ROOT is full" in stored.reason
        assert files(disk) == before
        filler.unlink()
        assert import_all(batch).status == BatchStatus.READY

    def test_an_upload_is_refused_and_leaves_nothing(self, make_batch: Any, disk: Path) -> None:
        fill(disk, free=20_000)
        with pytest.raises(UploadError, match="MEDIA_ROOT is full") as refused:
            make_batch(*numbers(4_000))
        assert refused.value.code == "disk_full"
        assert not Batch.objects.exists()
        assert files(disk) in ([], ["lists"])

    def test_a_batch_that_gets_more_rows_keeps_those_it_has(
        self, make_batch: Any, disk: Path
    ) -> None:
        batch = make_batch(HUMAN)
        lifecycle.submit(batch, launch=False)
        import_all(batch)
        before = files(disk)
        fill(disk)
        text = "phone_number,business_name\n" + "".join(f"{one},Shop\n" for one in numbers(999))
        with pytest.raises(UploadError, match="MEDIA_ROOT is full"):
            drafts.add_list(batch, io.BytesIO(text.encode()), file_name="more.csv")
        assert (files(disk), batch.lists.count()) == (before, 1)

    def test_an_export_waits(self, make_batch: Any, run: Any, disk: Path) -> None:
        batch = run(make_batch(HUMAN))
        filler = fill(disk)
        export = jobs.request(ExportKind.RESULTS, batch=batch)
        jobs.run(export.pk)
        export.refresh_from_db()
        assert export.status == ExportStatus.WAITING
        assert "MEDIA_ROOT is full" in export.reason
        filler.unlink()
        Export.objects.update(lease_until=None)
        jobs.run(export.pk)
        export.refresh_from_db()
        assert export.status == ExportStatus.DONE


@pytest.mark.processes
def test_a_worker_outlives_a_mount_that_is_away_for_a_moment(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    rows = 40_000
    path = tmp_path / "list.csv"
    lines = "".join(f"{number},Shop\n" for number in numbers(rows))
    path.write_text(f"phone_number,shop\n{lines}")
    waits = "StoredList.objects.waiting().exists()"
    with new_database(tmp_path) as url, Installation(tmp_path, url) as here:
        here.act("VoiceAccount.objects.update(enabled=False)")  # nobody is called
        here.manage("sendbatch", str(path), "--prompt", "Call {{shop}}.", "--detach")
        here.start_worker()
        wait_for(lambda: here.ask("Recipient.objects.exists()"), seconds=30, what="rows are in")
        with away(tmp_path / "media"):
            wait_for(lambda: here.ask(waits), seconds=20, what="the import waits")
            assert here.ask("Batch.objects.get().status") == "validating"
        wait_for(
            lambda: (
                here.act("from batchcalls import tasks; tasks.sweep()")
                or here.ask("Batch.objects.get().status != 'validating'")
            ),
            seconds=60,
            what="the import is complete",
        )
        assert here.ask("[Batch.objects.get().reason_code, Recipient.objects.count()]") == [
            "",
            rows,
        ]
