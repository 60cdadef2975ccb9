"""Numbers as lists really hold them: bare country codes, several phone columns, lead exports."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batchcalls.batches import lifecycle
from batchcalls.database.lease import Lease
from batchcalls.drafting import copying, drafts, recipient_objects
from batchcalls.intake import do_not_call, runner, splitting, survey
from batchcalls.intake.uploads import ReadingOptions, UploadError
from batchcalls.models import Batch, ListPart, Recipient, StoredList, VoiceAccount
from batchcalls.reporting.exports import batch_tables
from campaigns.models import Suppression
from campaigns.number_writing import Evidence
from tests.intake.test_importing import validated

pytestmark = pytest.mark.django_db

FILES = Path(__file__).parents[1] / "data" / "numbers"
BOTH = "ambiguous_number"
MakeDraft = Callable[..., Batch]


@pytest.fixture
def make(account: VoiceAccount) -> MakeDraft:
    def make_draft(content: str | Path, **reading: Any) -> Batch:
        data = content.read_bytes() if isinstance(content, Path) else content.encode()
        request = drafts.DraftRequest(
            name="Numbers", account=account, prompt="Hello.", reading=ReadingOptions(**reading)
        )
        return drafts.create(request, io.BytesIO(data), file_name="list.csv")

    return make_draft


def numbers_of(batch: Batch) -> list[str]:
    """Return the number of each row, or why it is skipped."""
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    return [row.reason_code or row.e164 for row in rows]


@pytest.mark.parametrize(
    ("name", "region", "expected"),
    [
        (
            "german_bare",
            "DE",
            # Row 6 is the number of row 2.
            ["+4915123456789", "+4917612345678", "+4916091234567", "duplicate", "duplicate"],
        ),
        (
            "indonesia_bare",
            "ID",
            ["+62812345678", "+628123456789", "+6281234567890", "+62215551234"],
        ),
        ("mexico_521", "MX", ["+525512345678", "duplicate"]),
        ("mexico_521", "US", ["+525512345678", "duplicate"]),
        ("two_phone_columns", "US", ["+12025550123", "+12025550124"]),
        # The second number lacks a digit.
        ("facebook_lead_ads_utf16", "US", ["+12025550123", "invalid_number"]),
    ],
)
def test_lists_from_the_field_are_read_right(
    make: MakeDraft, name: str, region: str, expected: list[str]
) -> None:
    assert numbers_of(validated(make(FILES / f"{name}.csv", region=region))) == expected


AMBIGUOUS = "phone_number\n4915123456789\n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", BOTH),
        ("mixed", BOTH),
        ("with_country_code", "+4915123456789"),
        ("national", "+494915123456789"),
    ],
)
def test_a_person_says_how_the_numbers_of_a_list_are_written(
    make: MakeDraft, written: str, expected: str
) -> None:
    # The second row keeps the batch from ending without anybody to call.
    batch = validated(make(AMBIGUOUS + "+4930123456\n", region="DE", numbers_written=written))

    assert numbers_of(batch)[0] == expected
    copy = copying.clone(batch, with_list=True)
    assert copy.first_list.numbers_written == written


def test_an_unknown_way_of_writing_is_refused(make: MakeDraft) -> None:
    with pytest.raises(UploadError, match="with_country_code, national, mixed"):
        make(AMBIGUOUS, numbers_written="backwards")


def test_every_part_of_a_list_is_read_by_the_evidence_of_all_its_rows(
    make: MakeDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchcalls.intake.splitting.PART_ROWS", 2)
    rows = ["4915123456789", "0301234567", "0301234568", "4917612345678", "4916091234567"]
    batch = validated(make("phone_number\n" + "\n".join(rows) + "\n", region="DE"))

    assert ListPart.objects.count() == 3
    assert numbers_of(batch)[0] == "+4915123456789"
    evidence = Evidence.from_dict(batch.first_list.evidence["numbers"])
    assert evidence == Evidence(codes={"49": 3})


def test_added_rows_are_read_like_the_list_they_are_added_to(make: MakeDraft) -> None:
    batch = validated(make(FILES / "german_bare.csv", region="DE"))

    stored = drafts.add_list(
        batch, io.BytesIO(b"phone_number,name\n4917612345679,Fay\n"), file_name="more.csv"
    )
    while runner.run(stored.pk, seconds=30):
        pass

    assert numbers_of(batch)[-1] == "+4917612345679"


def test_recipients_as_objects_are_read_by_the_evidence_of_all(account: VoiceAccount) -> None:
    request = drafts.DraftRequest(
        account=account, prompt="Hello.", reading=ReadingOptions(region="DE")
    )
    sent = [{"phone_number": "4915123456789"}, {"phone_number": "4917612345678"}]

    batch = validated(recipient_objects.create(request, sent))

    assert numbers_of(batch) == ["+4915123456789", "+4917612345678"]


def test_a_long_list_is_sampled_evenly(make: MakeDraft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "SAMPLE_NUMBERS", 10)
    coded = [f"49151234{n:05}" for n in range(100)]
    national = [f"3012345{n:03}" for n in range(100)]
    draft = make("phone_number\n" + "\n".join(coded + national) + "\n", region="DE")

    evidence = validated(draft).first_list.evidence["numbers"]

    assert 5 <= evidence["codes"]["49"] <= 10
    assert 5 <= evidence["national"] <= 10


TWO = """Phone,Mobile,name
,+12025550123,blank
n/a,+12025550124,no number
911,+12025550125,never called
+12025550126,+12025550127,both
+12025550128,(202) 555-0128,same
+12025550129,,one
n/a,nobody,none
,,blank
"""


def test_further_phone_columns_are_dialed_when_the_first_is_unusable_and_kept_with_the_row(
    make: MakeDraft,
) -> None:
    batch = validated(make(TWO))

    assert numbers_of(batch) == [
        "+12025550123",
        "+12025550124",
        "+12025550125",
        "+12025550126",
        "+12025550128",
        "+12025550129",
        "not_a_number",
        "blank_number",
    ]
    rows = Recipient.objects.filter(batch=batch).order_by("row_number")
    assert [row.all_numbers for row in rows][2:7] == [
        ["+12025550125"],
        ["+12025550126", "+12025550127"],
        ["+12025550128"],
        ["+12025550129"],
        [],
    ]
    assert [row.raw_number for row in rows][5:7] == ["+12025550129", "n/a"]
    table = batch_tables.recipients(batch)
    place = table.header.index("phone_numbers")
    assert [row[place] for row in table.rows][3] == "+12025550126 +12025550127"


def test_a_do_not_call_list_blocks_both_readings_and_every_phone_column() -> None:
    content = (
        "Phone,Mobile,reason\n4915123456789,+4930123456,asked\n4917612345678,,asked\n,n/a,asked\n"
    )
    stored = do_not_call.add_list(
        io.BytesIO(content.encode()), file_name="dnc.csv", reading=ReadingOptions(region="DE")
    )
    while runner.run(stored.pk, seconds=30):
        pass

    assert set(Suppression.objects.values_list("e164", flat=True)) == {
        "+4915123456789",
        "+494915123456789",
        "+4930123456",
        "+4917612345678",
        "+494917612345678",
    }
    assert [problem[:2] for problem in ListPart.objects.get().problems] == [[4, "n/a"]]


def test_a_list_that_was_split_by_an_older_release_is_imported_without_evidence(
    make: MakeDraft,
) -> None:
    batch = make("phone_number\n4915123456789\n4917612345678\n+4930123456\n", region="DE")
    lifecycle.submit(batch, launch=False)
    lease = Lease.acquire(StoredList.objects.importing(), batch.first_list.pk, seconds=60)
    assert lease is not None
    with lease:
        splitting.split(batch.first_list, lease, until=math.inf)

    while runner.run_batch(batch.pk, seconds=30):
        pass

    assert StoredList.objects.get().evidence is None
    assert numbers_of(batch) == [BOTH, BOTH, "+4930123456"]


def test_nothing_is_imported_before_the_evidence_is_known(make: MakeDraft) -> None:
    batch = make(FILES / "german_bare.csv", region="DE")
    lifecycle.submit(batch, launch=False)
    other_worker = Lease.acquire(StoredList.objects.importing(), batch.first_list.pk, seconds=60)

    assert other_worker is not None
    assert runner.run_batch(batch.pk, seconds=30) is False
    assert not Recipient.objects.exists()


GOOGLE = """Name,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value
no number,Mobile,n/a,Work Fax,+12025550131
fax first,Home Fax,+12025550132,Work,+12025550133
fax last,Mobile,+12025550134,* Work Fax,+12025550135
only a fax,Work Fax,+12025550136,,
several,Home,+12025550137 ::: +12025550138,Pager,+12025550139
"""


def test_a_number_that_google_contacts_labels_as_a_fax_is_not_dialed(make: MakeDraft) -> None:
    batch = validated(make(GOOGLE))

    assert numbers_of(batch) == [
        "not_a_number",
        "+12025550133",
        "+12025550134",
        "not_callable_type",
        "+12025550137",
    ]
    rows = list(Recipient.objects.filter(batch=batch).order_by("row_number"))
    assert [row.all_numbers for row in rows[1:3]] == [["+12025550133"], ["+12025550134"]]
    assert rows[3].reason == (
        '"+12025550136" is a “Work Fax” number, which is never called; use another number.'
    )
    assert rows[4].all_numbers == ["+12025550137", "+12025550138"]
