"""Do-not-call lists of any length, and look-ups among their numbers."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from batchcalls.intake import do_not_call, runner, splitting
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists.mapping import MappingError
from batchcalls.models import ListPart, StoredList
from batchcalls.reporting.exports.do_not_call import do_not_call as table
from batchcalls.states import ListStatus
from campaigns.models import Campaign, Suppression
from campaigns.numbers_in_text import find

pytestmark = pytest.mark.django_db

CASES = Path(__file__).parents[1] / "data" / "refusals"

LIST = """Phone;reason
+12025550190;asked us to
(202) 555-0191;
;
not one;
+12025550190;again
+442079460123;\u200b
911;
"""


def add(text: str, **fields: Any) -> StoredList:
    fields.setdefault("reading", ReadingOptions())
    stored = do_not_call.add_list(io.BytesIO(text.encode()), file_name="dnc.csv", **fields)
    while runner.run(stored.pk, seconds=30):
        pass
    stored.refresh_from_db()
    return stored


def test_its_numbers_are_suppressed_and_the_other_rows_are_reported(admin_user: Any) -> None:
    stored = add(LIST, note="state list", actor=admin_user)
    assert stored.status == ListStatus.IMPORTED
    rows = Suppression.objects.order_by("e164")
    assert list(rows.values_list("e164", "reason", "source", "created_by__username")) == [
        ("+12025550190", "asked us to", "import", "admin"),
        ("+12025550191", "state list", "import", "admin"),
        ("+442079460123", "state list", "import", "admin"),
    ]
    part = ListPart.objects.get()
    assert (part.row_count, part.added) == (7, 3)
    assert [problem[:3] for problem in part.problems] == [
        [5, "not one", "not_a_number"],
        [8, "911", "emergency_number"],
    ]


def test_a_number_that_is_listed_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "PART_ROWS", 2)
    Suppression.objects.create(e164="+12025550190", reason="by hand")
    add(LIST)
    assert Suppression.objects.get(e164="+12025550190").reason == "by hand"
    assert sum(ListPart.objects.values_list("added", flat=True)) == 2


def test_a_row_that_is_odd_in_other_ways_still_says_whom_not_to_call() -> None:
    add('phone,x\n+12025550190,a,surplus\n"+12025550191,\nb",c\n')
    assert Suppression.objects.filter(e164="+12025550190").exists()


def test_a_list_without_numbers_is_refused_and_nothing_is_kept(media: Path) -> None:
    with pytest.raises(MappingError, match="No column holds phone numbers"):
        add("name,city\nAnn,Bonn\n")
    assert not StoredList.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_the_command_takes_a_list_in_and_says_what_became_of_it(tmp_path: Path) -> None:
    path = tmp_path / "dnc.csv"
    path.write_text(LIST, encoding="utf-8")
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("donotcall", str(path), reason="state list", stdout=out)
    assert ended.value.code == 3
    assert "7 rows, 3 numbers new on the do-not-call list." in out.getvalue()
    assert "row 5 'not one': " in out.getvalue()
    with pytest.raises(CommandError, match="No such file"):
        call_command("donotcall", str(tmp_path / "gone.csv"))
    with pytest.raises(CommandError, match="has no column"):
        call_command("donotcall", str(path), map=["nr=phone_number"])


def test_the_command_answers_as_json_and_names_the_encoding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dnc.csv"
    path.write_bytes("phone,reason\n+12025550123,Łódź\nnot one,\n".encode("cp1250"))
    with pytest.raises(SystemExit) as ended:
        call_command("donotcall", str(path), json=True)
    answer = json.loads(capsys.readouterr().out)
    assert ended.value.code == 3
    assert (answer["rows"], answer["added"]) == (2, 1)
    assert answer["list"]["encoding"] == "cp1250"
    assert [(row["row"], row["code"]) for row in answer["unread"]] == [(3, "not_a_number")]
    with pytest.raises(CommandError):
        call_command("donotcall", str(path), map=["nr=phone_number"], json=True)
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "unknown_column"
    with pytest.raises(SystemExit):
        call_command("donotcall", str(path))
    assert "dnc.csv: cp1250, separated by comma" in capsys.readouterr().out


def listed(prefix: str = "") -> set[str]:
    return set(Suppression.objects.filter(e164__startswith=prefix).values_list("e164", flat=True))


def unread(stored: StoredList) -> list[tuple[int, str, str]]:
    parts = stored.parts.order_by("number").values_list("problems", flat=True)
    return [(row, raw, code) for problems in parts for row, raw, code, _ in problems]


def test_whatever_number_can_be_read_is_blocked_and_the_rest_reported() -> None:
    stored = add((CASES / "dnc_mixed.csv").read_text())
    assert listed() == {
        *("+12025550123", "+12025550124", "+12025550125", "+12025550126", "+12025550127"),
        *("+4915123456789", "+19005551234", "+447911123456"),
    }
    assert unread(stored) == [
        (5, "1.20255E+10", "scientific_notation"),
        (10, "555-0123", "too_short"),
        (11, "911", "emergency_number"),
    ]


def test_a_list_without_a_header_and_with_area_codes_of_their_own_is_read(tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("donotcall", str(CASES / "dnc_ftc_headerless.txt"), stdout=out)
    assert "3 rows, 3 numbers new on the do-not-call list." in out.getvalue()
    assert listed() == {"+12025550123", "+12025550124", "+13105550125"}


@pytest.mark.parametrize(
    "text",
    [
        "+12025550123\n202-555-0124\n",
        "area code,number\n202,5550123\n202,555-0124\n",
        "number,name,npa\n5550123,Ann,202\n5550124,Bob,202\n",
        "who,where\nAnn,202-555-0123\nBob,(202) 555-0124 or 202-555-0123\n",
        "phone,other\n,202-555-0123\n2025550124,\n",
    ],
)
def test_numbers_are_found_wherever_a_list_has_them(text: str) -> None:
    stored = add(text)
    assert listed() == {"+12025550123", "+12025550124"}
    assert unread(stored) == []


def test_a_row_of_which_a_part_was_read_is_blocked_and_reported() -> None:
    stored = add("phone,also\n202-555-0123 / 555-0124,\n1.2E+10,2025550125\n")
    assert listed() == {"+12025550123", "+12025550125"}
    assert [row for row, _, _ in unread(stored)] == [2, 3]
    assert "“555-0124” could not be read, the rest was." in stored.parts.get().problems[0][3]


def test_a_number_that_can_be_read_in_two_ways_is_blocked_in_both() -> None:
    add("Telefon\n4915123456789\n", reading=ReadingOptions(region="DE"))
    assert "+4915123456789" in listed()


def test_the_list_goes_out_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchcalls.reporting.exports.do_not_call.ROWS_AT_A_TIME", 2)
    add(LIST)
    made = table()
    assert made.header[:4] == ["e164", "reason", "source", "created_at"]
    assert [row[0] for row in made.rows] == ["+12025550190", "+12025550191", "+442079460123"]


def test_an_extension_is_no_part_of_another_number() -> None:
    assert find("202 555 0125 ext 4", region="US").numbers == ("+12025550125",)


def test_an_export_is_imported_again_with_its_scope_and_expiry() -> None:
    campaign = Campaign.objects.create(name="Spring", prompt="Hi.")
    ended = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    for fields in ({"campaign": campaign}, {"expires_at": ended}, {}):
        Suppression.objects.create(e164="+12025550190", **fields)
    Suppression.objects.create(e164="+12025550191", is_hold=True)
    exported = table()
    rows = [exported.header, *exported.rows]
    Suppression.objects.all().delete()
    add("\n".join(",".join(map(str, row)) for row in rows) + "\n+12025550192,,,,Unknown,soon,,\n")
    entries = Suppression.objects.order_by("pk").values_list("e164", "campaign", "expires_at")
    assert set(entries) == {
        ("+12025550190", campaign.pk, None),
        ("+12025550190", None, ended),
        ("+12025550190", None, None),
        ("+12025550192", None, None),
    }
