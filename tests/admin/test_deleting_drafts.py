"""Drafts can be deleted, and a file that is no list leaves none behind."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from batchcalls.batches import lifecycle
from batchcalls.drafting import edits
from batchcalls.intake import runner
from batchcalls.models import AuditAction, AuditEntry, Batch, Recipient, StoredList
from batchcalls.states import BatchStatus
from tests.admin.markup import markup
from tests.admin.test_wizard import fields, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(admin_client: Client, account: Any) -> Client:
    return admin_client


def test_a_checked_draft_is_deleted_with_its_rows_and_its_file(
    client: Client, make_batch: Any, media: Any, django_capture_on_commit_callbacks: Any
) -> None:
    batch = make_batch("+12025550190")
    lifecycle.submit(batch, launch=False)
    runner.run_batch(batch.pk, seconds=30)
    shown = markup(client.get(page("change", batch.pk)))
    assert page("delete_draft", batch.pk) in shown
    assert page("cancel", batch.pk) not in shown
    assert "its 1 checked row" in markup(client.get(page("delete_draft", batch.pk)))

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(page("delete_draft", batch.pk), follow=True)

    assert f"The draft {batch.name} was deleted." in markup(answer)
    assert not Batch.objects.exists()
    assert not Recipient.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]
    entry = AuditEntry.objects.get(action=AuditAction.DELETED)
    assert entry.before["status"] == "Ready"


def test_a_batch_that_was_launched_is_kept(client: Client, make_batch: Any) -> None:
    batch = make_batch("+12025550190")
    Batch.objects.filter(pk=batch.pk).update(status=BatchStatus.DISPATCHING)

    answer = client.post(page("delete_draft", batch.pk), follow=True)

    assert "cannot be deleted now: it is Dispatching" in markup(answer)
    with pytest.raises(lifecycle.Conflict):  # also for whoever opened the page before the launch
        edits.delete(batch, actor=None)
    assert Batch.objects.exists()


def test_a_file_that_is_no_list_leaves_no_draft_and_everything_that_was_typed(
    client: Client,
) -> None:
    data = fields(None, prompt="Hello {{name}}, this is a long prompt.")
    data["file"] = SimpleUploadedFile("cat.png", b"\x89PNG\r\n\x1a\n\x00\x00")

    answer = client.post(page("add"), data)

    assert "not a text file" in markup(answer)
    assert "this is a long prompt." in markup(answer)
    assert not Batch.objects.exists()
    assert not StoredList.objects.exists()
