"""Where recipients may be, from their rows: what decides, what contradicts, and what is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from batchcalls.calling import gate, verdicts
from batchcalls.drafting import recipient_objects
from batchcalls.drafting.drafts import DraftRequest
from batchcalls.intake import dry_run
from batchcalls.lists.mapping import ListMapping, Target
from batchcalls.models import Batch, Recipient
from batchcalls.reporting import explaining
from campaigns.models import CallingPolicy, CallingWindow, Campaign
from tests.intake.test_importing import validated

pytestmark = pytest.mark.django_db

NEW_YORK, EVANSVILLE, TOLL_FREE = "+12125550123", "+18124367800", "+18005550123"
#: A Wednesday, 23:30 in New York and 20:30 in Los Angeles.
LATE = datetime(2026, 3, 5, 4, 30, tzinfo=UTC)


@pytest.fixture
def daytime(db: None) -> Campaign:
    policy = CallingPolicy.objects.create(name="Daytime")
    for day in range(7):
        CallingWindow.objects.create(
            policy=policy, weekday=day, opens_at="08:00", closes_at="21:00"
        )
    return Campaign.objects.create(name="C", prompt="Hello.", policy=policy)


def rows_of(batch: Batch) -> list[Recipient]:
    return list(Recipient.objects.filter(batch=validated(batch)).order_by("row_number"))


def zones_of(make_batch: Any, header: str, *lines: str, **fields: Any) -> list[tuple[str, str]]:
    text = "\n".join([header, *lines, ""])
    rows = rows_of(make_batch(text=text, prompt="Hello.", map_all=None, **fields))
    return [(row.time_zones, row.zone_sources) for row in rows]


def test_the_timezone_of_a_batch_never_moves_calling_hours(
    make_batch: Any, daytime: Campaign
) -> None:
    settings = {"timezone": "America/Los_Angeles"}
    batch = make_batch(NEW_YORK, campaign=daytime, prompt="", call_settings=settings)
    [row] = rows_of(batch)
    verdict = gate.check(row.batch, row, gate.Facts(now=LATE))
    assert isinstance(verdict, verdicts.Refused)
    assert "23:30 in America/New_York" in verdict.message
    assert dry_run.compute(row.batch, now=LATE)["now"] == 0


def test_the_row_decides_then_its_postcode_then_its_number(make_batch: Any) -> None:
    assert zones_of(
        make_batch,
        "phone_number,timezone,Zip Code",
        f"{EVANSVILLE},,",
        f"{EVANSVILLE},,47708",
        f"{EVANSVILLE},,47501-1234",
        f"{EVANSVILLE},CST,",
        f"{TOLL_FREE},Pacific,10001",
        f"{TOLL_FREE},,90210",
        "+491711234567,,10115",  # a postcode of Berlin is no ZIP code
        f"{NEW_YORK},,unknown",
    ) == [
        ("America/New_York,America/Chicago", "number"),
        ("America/Chicago", "postcode"),
        ("America/New_York", "postcode"),
        ("America/Chicago", "row"),
        ("America/Los_Angeles,America/New_York", "row,postcode"),
        ("America/Los_Angeles", "postcode"),
        ("Europe/Berlin", "number"),
        ("America/New_York", "number"),
    ]


def test_places_that_contradict_each_other_must_all_be_open(make_batch: Any) -> None:
    assert zones_of(
        make_batch,
        "phone_number,timezone,zip,State",
        f"{NEW_YORK},America/Los_Angeles,,",
        f"{NEW_YORK},,90210,",
        f"{NEW_YORK},,,CA",
        f"{NEW_YORK},America/Los_Angeles,90210,California",
        f"{NEW_YORK},US/Eastern,10001,NJ",  # the same clocks
        f"{NEW_YORK},,,active",
        "+12695550123,America/Detroit,49001,MI",
    ) == [
        ("America/Los_Angeles,America/New_York", "row,number"),
        ("America/Los_Angeles,America/New_York", "postcode,number"),
        ("America/New_York,America/Los_Angeles", "number,state"),
        ("America/Los_Angeles,America/New_York", "row,number"),
        ("US/Eastern", "row"),
        ("America/New_York", "number"),
        ("America/Detroit", "row"),
    ]


def test_a_contradiction_is_reported_in_the_dry_run_and_explained(
    make_batch: Any, daytime: Campaign
) -> None:
    text = f"phone_number,timezone\n{NEW_YORK},America/Los_Angeles\n+12125550124,Eastern\n"
    batch = make_batch(text=text, campaign=daytime, prompt="", map_all=None)
    row, _ = rows_of(batch)
    report = dry_run.compute(row.batch, now=LATE)
    said = (
        "all of America/Los_Angeles, America/New_York, by the row’s time zone and the number, "
        "which disagree"
    )
    assert report["zone_sources"] == {"row": 2}
    assert report["zone_conflicts"] == {
        "count": 1,
        "rows": [{"row": 2, "number": NEW_YORK, "message": f"{said}."}],
    }
    assert report["notes"][0].startswith("1 row has a time zone, postcode, or state that")
    assert report["time_zones"][0]["first_at"] == "2026-03-05T16:00:00+00:00"  # 08:00 in the west
    row.batch.status = "in_progress"
    answers = {one.rule: one for one in explaining.why_not(row, now=LATE)}
    assert answers["Time zone"].detail == said
    assert answers["Calling hours"].allows is False
    noon = datetime(2026, 3, 5, 20, tzinfo=UTC)
    allowed = gate.check(row.batch, row, gate.Facts(now=noon))
    assert isinstance(allowed, verdicts.Allowed)
    assert allowed.checks["time_zone"] == said


def test_a_postcode_column_stays_a_variable(make_batch: Any) -> None:
    text = f"phone_number,Shipping Zip,Zip,State/Province\n{NEW_YORK},60601,10001,NY\n"
    batch = make_batch(text=text, prompt="In {{Zip}}.", map_all=None)
    mapping = ListMapping.from_list(batch.first_list.mapping)
    assert [column.target for column in mapping.columns] == [
        Target.PHONE_NUMBER,
        Target.REQUEST_DATA,
        Target.POSTCODE,
        Target.STATE,
    ]
    [row] = rows_of(batch)
    assert row.request_data == {"Shipping Zip": "60601", "Zip": "10001", "State/Province": "NY"}
    assert row.zone_sources == "postcode"


def test_a_person_can_choose_the_postcode_column(make_batch: Any) -> None:
    found = zones_of(
        make_batch,
        "phone_number,Zip,Second home",
        f"{TOLL_FREE},10001,90210",
        column_options=["Second home=postcode"],
    )
    assert found == [("America/Los_Angeles", "postcode")]


def test_json_recipients_have_a_postcode_and_a_state(account: Any) -> None:
    recipients = [
        {"phone_number": TOLL_FREE, "postcode": "90210", "request_data": {"postcode": "x"}},
        {"phone_number": "+12125550124", "state": "CA"},
    ]
    request = DraftRequest(name="N", prompt="Hello.", account=account)
    one, two = rows_of(recipient_objects.create(request, recipients))
    assert (one.time_zones, one.zone_sources) == ("America/Los_Angeles", "postcode")
    assert one.request_data == {"postcode": "x"}
    assert two.zone_sources == "number,state"


def test_a_start_time_is_read_in_the_zone_of_the_postcode(make_batch: Any) -> None:
    text = f"phone_number,zip,start_time\n{TOLL_FREE},90210,2030-07-01 09:00\n"
    [row] = rows_of(make_batch(text=text, prompt="Hello.", map_all=None))
    assert row.start_at == datetime(2030, 7, 1, 16, tzinfo=UTC)
    assert row.start_zone == "postcode"


def test_rows_from_before_the_upgrade_are_looked_up_again(
    make_batch: Any, daytime: Campaign
) -> None:
    batch = make_batch("+16892345678", campaign=daytime, prompt="")
    [row] = rows_of(batch)
    # As stored by an earlier release, which took the batch's setting or a wrong area code.
    Recipient.objects.update(time_zones="America/Los_Angeles", zone_sources="")
    row = Recipient.objects.get(pk=row.pk)
    assert row.whereabouts.zones == ("America/New_York",)
    verdict = gate.check(row.batch, row, gate.Facts(now=LATE))
    assert isinstance(verdict, verdicts.Refused)
    found = dry_run.compute(row.batch, now=LATE)
    assert (found["now"], found["later"]["count"]) == (0, 1)
    assert found["time_zones"][0]["zones"] == "America/New_York"
    Recipient.objects.update(call_settings={"timezone": "America/Chicago"})
    row = Recipient.objects.get(pk=row.pk)
    assert row.whereabouts.zones == ("America/Chicago", "America/New_York")
