"""Do-not-call lists that hold hashes of numbers."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from batchcalls.database import clock
from batchcalls.intake import dry_run
from batchcalls.models import Recipient
from batchcalls.states import RecipientStatus
from campaigns import hashed_numbers
from campaigns.models import Suppression
from tests.intake.test_do_not_call import add, listed, unread
from tests.intake.test_importing import validated

pytestmark = pytest.mark.django_db


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


HASHES = [digest("+12025550190"), digest("12025550191").upper(), digest("2025550192")]
HASHED = ["+12025550190", "+12025550191", "+12025550192"]


@pytest.mark.parametrize("header", ["", "phone_sha256\n", "name,hash\n"])
def test_hashes_are_imported_with_and_without_a_header(header: str) -> None:
    before = "x," if "," in header else ""
    stored = add(header + "".join(f"{before}{text}\n" for text in HASHES))
    assert listed(hashed_numbers.PREFIX) == listed() == {f"sha256:{h.lower()}" for h in HASHES}
    assert unread(stored) == []


def test_a_hash_of_another_kind_is_reported_instead_of_read_as_a_number() -> None:
    stored = add("phone\n12345678901234567890123456789abc\n2025550123\n")
    assert listed() == {"+12025550123"}
    assert [row for row, _, _ in unread(stored)] == [2]


def test_a_hash_blocks_its_number_however_it_was_written() -> None:
    add("\n".join(HASHES))
    asked = [*HASHED, "+12025550193", "+442079460123", "+202555019"]
    assert Suppression.objects.bans_among(asked, now=clock.now()).among(asked) == set(HASHED)


def test_a_number_whose_national_digits_are_hashed_is_north_american() -> None:
    add(digest("9301234567"))
    german = "+499301234567"
    assert not Suppression.objects.bans_among([german], now=clock.now()).on(german, None)


def test_the_dry_run_counts_hashed_numbers_and_dialing_skips_them(
    make_batch: Any, run: Any
) -> None:
    add("\n".join(HASHES))
    batch = make_batch(*HASHED, "+12025550194", "+442079460123")
    report = dry_run.store(validated(batch))
    assert report["never"] == {"do_not_call": 3}
    over = run(make_batch(*HASHED, "+12025550194"))
    rows = Recipient.objects.filter(batch=over, status=RecipientStatus.SKIPPED)
    assert set(rows.values_list("e164", "reason_code")) == {(n, "do_not_call") for n in HASHED}
