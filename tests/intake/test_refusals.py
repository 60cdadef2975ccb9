"""A no in a list: opt-out columns, words for no, and what follows for the number."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from batchcalls.intake import refusals, splitting
from batchcalls.lists.mapping import ListMapping, Target
from batchcalls.models import Batch, Recipient
from campaigns.models import Suppression
from tests.intake.test_importing import validated

pytestmark = pytest.mark.django_db

CASES = Path(__file__).parents[1] / "data" / "refusals"


def verdicts(batch: Batch) -> list[tuple[str, str]]:
    rows = Recipient.objects.filter(batch=validated(batch)).order_by("row_number")
    return list(rows.values_list("e164", "reason_code"))


def case(make_batch: Any, name: str, **fields: Any) -> Batch:
    batch: Batch = make_batch(text=(CASES / name).read_text(), prompt="Hello.", **fields)
    return batch


def test_the_opt_out_columns_of_a_crm_refuse_when_true(make_batch: Any) -> None:
    batch = case(make_batch, "dnc_columns.csv")
    targets = [one.target for one in ListMapping.from_list(batch.first_list.mapping).columns]
    assert targets == [Target.PHONE_NUMBER, Target.REQUEST_DATA, Target.OPT_OUT, Target.OPT_OUT]
    assert verdicts(batch) == [("+12025550123", "opted_out"), ("+12025550124", "")]
    assert "“TRUE”" in Recipient.objects.get(row_number=2).reason


def test_stop_is_a_no_that_holds_for_the_number(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitting, "PART_ROWS", 1)  # each row in a part of its own
    assert verdicts(case(make_batch, "consent_stop.csv")) == [
        *[("+12025550123", "consent_refused")] * 2,
        *[("+12025550124", "consent_refused")] * 2,
        *[("+12025550125", "consent_refused")] * 2,
        ("+12025550126", ""),
    ]


def test_an_opt_out_that_is_not_clear_refuses_and_says_so(make_batch: Any) -> None:
    text = "phone,dnc\n+12025550123,after 5 pm\n+12025550123,FALSE\n+12025550124,\n"
    batch = make_batch(text=text, prompt="Hello.")
    assert verdicts(batch) == [
        ("+12025550123", "opt_out_unclear"),
        ("+12025550123", "opt_out_unclear"),
        ("+12025550124", ""),
    ]
    first, second = Recipient.objects.filter(batch=batch).order_by("row_number")[:2]
    assert "“after 5 pm” is an opt-out, so the number is not called. Write yes" in first.reason
    assert second.reason == "Row 2 has an unclear opt-out for the same number."


def test_an_opt_out_refuses_whatever_the_consent_column_says(make_batch: Any) -> None:
    batch = make_batch(text="phone,consent,opt_out\n+12025550123,yes,yes\n", prompt="Hello.")
    assert verdicts(batch) == [("+12025550123", "opted_out")]


def test_a_no_holds_for_a_number_that_only_the_refusing_row_spells_oddly(make_batch: Any) -> None:
    text = "phone,consent\n+12025550123,yes\n202-555-0123 x45,STOP\n"
    batch = make_batch(text=text, prompt="Hello.")
    assert verdicts(batch) == [("+12025550123", "consent_refused")] * 2


def test_an_opt_out_column_can_be_chosen_or_ignored(make_batch: Any) -> None:
    text = "phone,Gone\n+12025550123,1\n+12025550124,0\n"
    chosen = make_batch(text=text, prompt="Hello.", column_options=["Gone=opt_out"])
    assert [code for _, code in verdicts(chosen)] == ["opted_out", ""]
    text = text.replace("Gone", "DNC")
    ignored = make_batch(text=text, prompt="Hello.", column_options=["DNC=ignore"])
    assert [code for _, code in verdicts(ignored)] == ["", ""]


REFUSING = (
    "phone,consent,dnc\n+12025550123,no,\n+12025550123,yes,\n+12025550124,,yes\n"
    "+12025550125,,perhaps\n+12025550126,yes,no\n+12025550127,no,\n"
)


def test_refused_numbers_can_be_added_to_the_do_not_call_list(
    make_batch: Any, monkeypatch: pytest.MonkeyPatch, admin_user: Any
) -> None:
    monkeypatch.setattr(refusals, "NUMBERS_AT_A_TIME", 2)
    Suppression.objects.create(e164="+12025550127", reason="by letter")
    batch = validated(make_batch(text=REFUSING, prompt="Hello.", name="Spring"))
    assert refusals.count_unlisted(batch) == 2
    added = refusals.suppress_refused(batch, actor=admin_user)
    assert (added.new, added.listed) == (2, 1)
    rows = Suppression.objects.order_by("e164").values_list("e164", "reason", "source")
    assert list(rows) == [
        ("+12025550123", "Said no in the list of Spring", "import"),
        ("+12025550124", "Said no in the list of Spring", "import"),
        ("+12025550127", "by letter", "manual"),
    ]
    assert refusals.count_unlisted(batch) == 0


def test_the_command_adds_them_too(make_batch: Any) -> None:
    batch = validated(make_batch(text=REFUSING, prompt="Hello."))
    out = io.StringIO()
    call_command("donotcall", refused_in=str(batch.pk), stdout=out)
    assert "3 numbers new on the do-not-call list, 0 already on it." in out.getvalue()
    for wrong in ("nonsense", "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(CommandError, match="There is no batch"):
            call_command("donotcall", refused_in=wrong)
    with pytest.raises(CommandError, match="No file was given"):
        call_command("donotcall")


def test_a_no_holds_for_the_other_numbers_of_its_row(make_batch: Any) -> None:
    text = (
        "phone,phone 2,dnc\n+12025550123,202 555 0124 or +12025550125,yes\n+12025550124,,\n"
        "+12025550125,,\n+12025550126,+12025550123,\n"
    )
    batch = make_batch(text=text, prompt="Hello.", region="US")
    assert [code for _, code in verdicts(batch)] == [*["opted_out"] * 3, ""]
    assert refusals.count_unlisted(batch) == 3
    assert refusals.suppress_refused(batch).new == 3
    assert refusals.count_unlisted(batch) == 0


def test_a_no_does_not_spread_to_the_other_numbers_of_rows_that_did_not_refuse(
    make_batch: Any,
) -> None:
    text = "phone,phone 2,dnc\n+12025550123,,yes\n+12025550123,+12025550124,\n+12025550124,,\n"
    batch = make_batch(text=text, prompt="Hello.")
    assert [code for _, code in verdicts(batch)] == ["opted_out", "opted_out", ""]
    assert refusals.count_unlisted(batch) == 1


def test_a_no_holds_for_both_readings_of_an_ambiguous_number(make_batch: Any) -> None:
    text = "phone,dnc\n4915123456789,yes\n+4915123456789,\n+494915123456789,\n+4915112345678,\n"
    batch = make_batch(text=text, prompt="Hello.", region="DE")
    assert [code for _, code in verdicts(batch)] == [*["opted_out"] * 3, ""]
    assert refusals.suppress_refused(batch).new == 2


def test_several_numbers_in_a_cell_of_google_contacts_are_tried_in_order(make_batch: Any) -> None:
    text = "Phone 1 - Value,dnc\nnone ::: +12025550124 ::: +12025550125,\n+12025550125,\n"
    batch = make_batch(text=text, prompt="Hello.")
    assert verdicts(batch) == [("+12025550124", ""), ("+12025550125", "")]
    first = Recipient.objects.filter(batch=batch).earliest("row_number")
    assert first.phone_numbers == "+12025550124,+12025550125"
