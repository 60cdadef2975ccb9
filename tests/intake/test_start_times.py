"""Start times of a list: one order of day and month for all, and a stated zone for each."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from batchcalls.batches import lifecycle, list_imports
from batchcalls.database.lease import Lease
from batchcalls.drafting import drafts
from batchcalls.intake import runner, splitting
from batchcalls.intake.uploads import UploadError
from batchcalls.models import ListPart, Recipient, StoredList
from campaigns.models import Campaign
from tests.intake.test_importing import validated

pytestmark = pytest.mark.django_db

NEW_YORK, LONDON, TOLL_FREE = "+12125550123", "+442079460123", "+18005550123"
UNCLEAR = "03/04/2030 09:00"


def batch_of(make_batch: Any, *starts: str, **fields: Any) -> Any:
    rows = "".join(f"+1212555{1000 + n},{start}\n" for n, start in enumerate(starts))
    text = f"phone_number,Start Time\n{rows}"
    return make_batch(text=text, prompt="Hello.", map_all=None, **fields)


def starts() -> list[datetime | None]:
    return list(Recipient.objects.order_by("row_number").values_list("start_at", flat=True))


def test_the_last_row_decides_how_the_first_is_read(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitting, "PART_ROWS", 2)
    monkeypatch.setattr(runner, "SPLIT_SECONDS", 0)  # one part for each run
    batch = batch_of(make_batch, UNCLEAR, "", UNCLEAR, "soon", "31/01/2030 09:00")
    lifecycle.submit(batch, launch=False)
    assert runner.run_batch(batch.pk, seconds=0)
    # The last row is known before the first part is imported.
    assert (ListPart.objects.count(), Recipient.objects.count()) == (1, 2)
    while runner.run_batch(batch.pk, seconds=0):
        pass
    assert StoredList.objects.get().dates_written == "dmy"
    april = datetime(2030, 4, 3, 13, tzinfo=UTC)
    assert starts() == [april, None, april, None, datetime(2030, 1, 31, 14, tzinfo=UTC)]
    batch.refresh_from_db()
    assert "Dates were read as day/month/year." in batch.dry_run["notes"]


def test_while_another_process_splits_the_list_its_start_times_wait(make_batch: Any) -> None:
    batch = batch_of(make_batch, "31/01/2030 09:00")
    lifecycle.submit(batch, launch=False)
    splitter = Lease.acquire(StoredList.objects.importing(), batch.first_list.pk, seconds=60)
    assert splitter is not None
    assert not runner.run_batch(batch.pk, seconds=30)
    assert not Recipient.objects.exists()


@pytest.mark.parametrize(
    ("dates", "expected"), [("dmy", (4, 3)), ("mdy", (3, 4)), ("MDY ", (3, 4)), ("", None)]
)
def test_dates_that_nothing_decides_are_refused_unless_a_person_does(
    make_batch: Any, dates: str, expected: tuple[int, int] | None
) -> None:
    batch = validated(batch_of(make_batch, UNCLEAR, "2030-01-31 09:00", dates=dates))
    unclear = Recipient.objects.get(row_number=2)
    if expected is None:
        assert unclear.reason_code == "ambiguous_date"
        assert "April 3, 2030 or March 4, 2030" in unclear.reason
        assert any(
            "1 row has a date that can be read in two ways" in n for n in batch.dry_run["notes"]
        )
    else:
        assert unclear.start_at is not None
        assert (unclear.start_at.month, unclear.start_at.day) == expected
    assert Recipient.objects.get(row_number=3).start_at == datetime(2030, 1, 31, 14, tzinfo=UTC)


def test_a_list_taken_back_decides_anew_and_keeps_what_a_person_chose(make_batch: Any) -> None:
    decided = validated(batch_of(make_batch, "1/31/2030 09:00"))
    chosen = validated(batch_of(make_batch, "3/4/2030 09:00", dates="dmy"))
    assert [batch.first_list.dates_written for batch in (decided, chosen)] == ["mdy", "dmy"]
    for batch, kept in ((decided, ""), (chosen, "dmy")):
        list_imports.forget(batch.pk)
        stored = StoredList.objects.get(batch=batch)
        assert (stored.date_order, stored.evidence) == (kept, None)


def test_an_unknown_order_of_dates_is_refused(make_batch: Any) -> None:
    with pytest.raises(UploadError, match="Use dmy, mdy or ymd") as refused:
        batch_of(make_batch, UNCLEAR, dates="ydm")
    assert refused.value.code == "bad_dates"


def test_rows_that_join_are_read_like_the_first_list(make_batch: Any) -> None:
    batch = validated(batch_of(make_batch, "1/31/2030 09:00"))
    added = b"phone_number,Start Time\n+12125551999,03/04/2030 09:00\n"
    drafts.add_list(batch, io.BytesIO(added), file_name="more.csv")
    runner.run_batch(batch.pk, seconds=30)
    assert Recipient.objects.get(e164="+12125551999").start_at == datetime(
        2030, 3, 4, 14, tzinfo=UTC
    )


def test_the_dry_run_says_whose_zone_was_taken_and_which_times_are_past(make_batch: Any) -> None:
    text = (
        "phone_number,name,Start time,TimeZone\n"
        f"{NEW_YORK},A,2030-07-01 09:00,\n"
        f"{LONDON},B,2030-07-01 09:00,\n"
        f"{TOLL_FREE},C,2030-07-01 09:00,\n"
        "+12125550124,D,2030-07-01 09:00,Asia/Tokyo\n"
        "+12125550125,E,2020-07-01 09:00:00Z,\n"
    )
    with time_machine.travel(datetime(2026, 3, 4, 15, tzinfo=UTC), tick=False):
        batch = validated(
            make_batch(
                text=text,
                prompt="Hello.",
                map_all=None,
                call_settings={"timezone": "America/Denver"},
            )
        )
    assert [start.hour for start in starts() if start] == [13, 8, 15, 0, 9]
    report = batch.dry_run
    assert report["start_times"] == {
        "count": 5,
        "past": 1,
        "read_in": {"batch": 1, "number": 2, "offset": 1, "row": 1},
    }
    assert report["notes"] == [
        "1 start time without an offset was read in the row’s time zone.",
        "2 start times without an offset were read in the number’s time zone.",
        "1 start time without an offset was read in the batch’s time zone (America/Denver).",
        "1 start time is in the past and will not delay the call.",
        "1 row has a time zone, postcode, or state that the number or another column contradicts: "
        "calls wait until hours are open in both places. Correct the cells if only one of them is "
        "right.",
    ]
    assert (report["now"], report["later"]["count"]) == (1, 4)


def test_rows_never_called_are_totaled_with_the_remedy(make_batch: Any) -> None:
    campaign = Campaign.objects.create(name="C", prompt="Hello.")
    batch = make_batch("+80012345678", "+80012345679", NEW_YORK, campaign=campaign, prompt="")
    hours = {"windows": {str(day): [[540, 1020]] for day in range(7)}, "blackout_dates": []}
    batch.policy = {"calling_hours": hours}
    batch.save()
    found = validated(batch).dry_run
    assert found["never"] == {"unknown_timezone": 2}
    assert found["notes"] == ["2 rows have no single time zone: add a postcode or timezone column."]


def test_columns_named_like_settings_are_variables_and_offered(make_batch: Any) -> None:
    text = f"phone_number,language,From,record\n{NEW_YORK},German,Berlin,AB-12\n"
    batch = validated(
        make_batch(text=text, prompt="{{language}} {{From}} {{record}}", map_all=None)
    )
    row = Recipient.objects.get()
    assert row.request_data == {"language": "German", "From": "Berlin", "record": "AB-12"}
    assert (row.call_settings, row.reason_code) == ({}, "")
    assert batch.dry_run["notes"] == [
        f"Column “{header}” is a variable. Map it to {name} to use it as the call setting."
        for header, name in (("language", "language"), ("From", "from"), ("record", "record"))
    ]


def test_a_placeholder_skips_the_row_only_if_the_variable_has_no_default(make_batch: Any) -> None:
    text = f"phone_number,name,city\n{NEW_YORK},NULL,N/A\n{LONDON},Ann,None\n"
    validated(make_batch(text=text, prompt="{{name}} of {{city|your city}}", map_all=None))
    null, ann = Recipient.objects.order_by("row_number")
    assert null.reason_code == "missing_variable"
    assert "{{name}} (the cell says “NULL”)" in null.reason
    assert (ann.reason_code, ann.request_data["city"]) == ("", "None")


def test_a_trusted_column_is_not_marked_in_prompts(make_batch: Any) -> None:
    batch = validated(
        make_batch(
            text=f"phone_number,name,offer\n{NEW_YORK},Ann,Half price.\n",
            prompt="{{offer}} Ask {{name}}.",
            map_all=None,
            column_options=["offer=trusted_text"],
        )
    )
    row = Recipient.objects.get()
    assert (row.trusted, row.request_data) == ("offer", {"name": "Ann", "offer": "Half price."})
    assert batch.dry_run["prompts"][0]["text"] == "Half price. Ask Ann."
