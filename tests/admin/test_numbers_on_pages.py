"""Phone columns and how numbers are written: on the page of the columns, and of a row."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from django.urls import reverse

from batchcalls.drafting import drafts
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.models import Batch, Recipient, VoiceAccount
from tests.admin.markup import markup
from tests.intake.test_importing import validated

pytestmark = pytest.mark.django_db

LIST = b"Phone,Mobile,name\n4915123456789,+12025550191,Ann\n"


@pytest.fixture
def draft(account: VoiceAccount) -> Batch:
    request = drafts.DraftRequest(
        account=account, prompt="Hello.", reading=ReadingOptions(region="DE")
    )
    return drafts.create(request, io.BytesIO(LIST), file_name="list.csv")


def address(draft: Batch) -> str:
    return reverse("admin:batchcalls_batch_columns", args=[draft.pk])


def test_the_page_shows_the_order_of_the_phone_columns_and_keeps_it(
    admin_client: Client, draft: Batch
) -> None:
    shown = " ".join(markup(admin_client.get(address(draft))).split())
    assert '<option value="phone_number" selected>' in shown
    assert '<option value="phone_number.2" selected>' in shown
    assert "Phone number 3" in shown

    admin_client.post(
        address(draft),
        {"target-0": "phone_number.2", "target-1": "phone_number", "target-2": "ignore"},
    )

    mapping = draft.lists.get().mapping
    assert [(column["target"], column["name"]) for column in mapping] == [
        ("phone_number", "2"),
        ("phone_number", ""),
        ("ignore", ""),
    ]


def test_the_page_says_how_the_numbers_are_written(admin_client: Client, draft: Batch) -> None:
    admin_client.post(address(draft), {"numbers_written": "with_country_code"})
    assert draft.lists.get().numbers_written == "with_country_code"

    # Another encoding, or an unknown value, changes nothing of it.
    admin_client.post(address(draft), {"encoding": "utf-8", "read_again": "1"})
    admin_client.post(address(draft), {"numbers_written": "backwards"})
    assert draft.lists.get().numbers_written == "with_country_code"

    batch = validated(draft)
    row = Recipient.objects.get(batch=batch)
    assert (row.e164, row.all_numbers) == ("+4915123456789", ["+4915123456789", "+12025550191"])
    shown = markup(admin_client.get(reverse("admin:batchcalls_recipient_change", args=[row.pk])))
    assert "+4915123456789, +12025550191" in shown
