"""Recipients that a program sends as objects."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from batchcalls.batches import lifecycle
from batchcalls.drafting import recipient_objects
from batchcalls.drafting.drafts import DraftError, DraftRequest
from batchcalls.drafting.recipient_objects import RecipientsError
from batchcalls.intake import runner
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.models import Batch, Recipient, VoiceAccount
from batchcalls.reporting.exports import batch_tables
from batchcalls.reporting.exports.writing import csv_blocks

NUMBER = "+12025550123"

Create = Callable[..., Batch]


@pytest.fixture
def create(account: VoiceAccount) -> Create:
    """Store a draft of recipients."""

    def make(*recipients: Any, **fields: Any) -> Batch:
        request = DraftRequest(**{"account": account, "prompt": "Say hello.", **fields})
        return recipient_objects.create(request, list(recipients))

    return make


@pytest.fixture
def taken_in(create: Create) -> Callable[..., list[Recipient]]:
    """Return what recipients become."""

    def take(*recipients: Any, **fields: Any) -> list[Recipient]:
        batch = create(*recipients, **fields)
        lifecycle.submit(batch, launch=False)
        runner.run_batch(batch.pk, seconds=30)
        return list(batch.recipients.order_by("row_number"))

    return take


Taken = Callable[..., list[Recipient]]


def test_everything_that_a_recipient_has_arrives(taken_in: Taken) -> None:
    [one] = taken_in(
        {
            "phone_number": "202-555-0123",
            "request_data": {"first name": "Ada", "age": 36, "tags": ["a", "b"], "vip": True},
            "metadata": {"crm": {"id": 5}, "nothing": None},
            "consent": True,
            "voice": "June",
            "max_duration": 5,
            "voicemail": {"action": "hangup"},
        }
    )
    assert (one.e164, one.status) == (NUMBER, "pending")
    assert one.request_data == {
        "first name": "Ada",
        "age": "36",
        "tags": '["a", "b"]',
        "vip": "true",
    }
    assert one.metadata == {"crm": '{"id": 5}', "nothing": ""}
    assert one.call_settings == {
        "voice": "June",
        "max_duration": 5,
        "voicemail": {"action": "hangup"},
    }


def test_objects_need_not_be_alike(taken_in: Taken) -> None:
    first, second = taken_in(
        {"phone_number": NUMBER, "request_data": {"a": "1"}},
        {"metadata": {"b": "2"}, "phone_number": "+12025550124", "voice": "June"},
    )
    assert (first.request_data, first.call_settings) == ({"a": "1"}, {})
    assert (second.metadata, second.call_settings) == ({"b": "2"}, {"voice": "June"})


def test_line_breaks_quotes_and_characters_of_control_are_harmless(taken_in: Taken) -> None:
    text = 'He said "hi",\r\nthen; left\x00\u202e\ud800'
    [one, other] = taken_in(
        {"phone_number": NUMBER, "request_data": {"said": text}}, {"phone_number": "+12025550124"}
    )
    assert one.request_data == {"said": 'He said "hi",\nthen; left'}
    assert (one.row_number, other.row_number) == (2, 3)


def test_a_header_like_a_number_is_no_recipient(taken_in: Taken) -> None:
    [one] = taken_in({"phone_number": NUMBER, "request_data": {"2025550123": "x", "=1+1": "y"}})
    assert one.request_data == {"2025550123": "x", "=1+1": "y"}


def test_bad_rows_are_skipped_and_can_be_fetched(create: Create) -> None:
    batch = create(
        {"phone_number": NUMBER, "request_data": {"name": "Ada"}},
        {"phone_number": "123", "request_data": {"name": "Bob"}},
        {},
        {"phone_number": NUMBER, "max_duration": "long"},
    )
    lifecycle.submit(batch, launch=False)
    runner.run_batch(batch.pk, seconds=30)
    codes = list(batch.recipients.order_by("row_number").values_list("reason_code", flat=True))
    assert codes[0] == ""
    assert codes[2:] == ["blank_row", "invalid_call_setting"]
    text = b"".join(csv_blocks(batch_tables.rejected(batch))).decode()
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ["phone_number", "request_data.name", "max_duration", "rejected_reason"]
    assert [row[:2] for row in rows] == [["123", "Bob"], ["", ""], [NUMBER, ""]]


def test_numbers_without_country_are_of_the_requests_region(taken_in: Taken) -> None:
    [one] = taken_in({"phone_number": "020 7946 0958"}, reading=ReadingOptions(region="GB"))
    assert one.e164 == "+442079460958"


def test_what_is_no_recipient_is_named_by_its_place(create: Create) -> None:
    with pytest.raises(RecipientsError) as refused:
        create(
            {"phone_number": NUMBER},
            "+12025550124",
            {"phone_number": NUMBER, "voicee": "June"},
            {
                "phone_number": [NUMBER],
                "request_data": ["a"],
                "metadata": {" ": 1, "a": 1, "a ": 2},
            },
        )
    found = [(one.index, one.place, one.code) for one in refused.value.errors]
    assert found == [
        (1, (), "not_an_object"),
        (2, ("voicee",), "unknown_call_setting"),
        (3, ("phone_number",), "not_text"),
        (3, ("request_data",), "not_an_object"),
        (3, ("metadata", " "), "bad_name"),
        (3, ("metadata", "a "), "bad_name"),
    ]
    assert "did you mean voice?" in refused.value.errors[1].message
    assert not Batch.objects.exists()


def test_nobody_is_refused(create: Create) -> None:
    with pytest.raises(RecipientsError) as refused:
        create()
    assert refused.value.code == "no_recipients"


def test_a_variable_that_nobody_has_is_refused(create: Create) -> None:
    with pytest.raises(DraftError) as refused:
        create({"phone_number": NUMBER, "request_data": {"name": "x"}}, prompt="Hi {{nam}}")
    assert refused.value.code == "variable_without_column"
    assert not Batch.objects.exists()


def test_too_many_names_are_refused(create: Create, settings: Any) -> None:
    settings.MAX_COLUMNS = 3
    with pytest.raises(RecipientsError, match="4 different members"):
        create({"phone_number": NUMBER, "request_data": {"a": 1, "b": 2, "c": 3}})


def test_a_row_that_nothing_leads_is_skipped_where_rows_have_their_own_prompts(
    taken_in: Taken,
) -> None:
    own = {"phone_number": NUMBER, "task": "Say hello."}
    [called, skipped] = taken_in(own, {"phone_number": "+12025550124"}, prompt="")

    assert (called.status, skipped.status) == ("pending", "skipped")
    assert skipped.reason_code == "no_prompt"
    assert "Fill the cell of a prompt, pathway, persona, or agent." in skipped.reason
