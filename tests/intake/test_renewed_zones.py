"""Waiting recipients get the zones of corrected tables."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from batchcalls.batches import lifecycle
from batchcalls.intake import renewed_zones
from batchcalls.models import Batch, Recipient
from campaigns.places.whereabouts import Source, Whereabouts, corrected
from tests.intake.test_importing import validated

EAST, CENTRAL, WEST = "America/New_York", "America/Chicago", "America/Los_Angeles"
NUMBER, POSTCODE, STATE = Source.NUMBER, Source.POSTCODE, Source.STATE


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("stored", "number", "expected"),
    [
        (Whereabouts((WEST,), (NUMBER,)), (EAST, CENTRAL), Whereabouts((EAST, CENTRAL), (NUMBER,))),
        (Whereabouts((EAST,), (NUMBER,)), (), Whereabouts((EAST,), (NUMBER,))),
        (
            Whereabouts((EAST,), (POSTCODE,)),
            (CENTRAL, "America/Detroit"),
            Whereabouts((EAST,), (POSTCODE,)),
        ),
        (Whereabouts((EAST,), (POSTCODE,)), (WEST,), Whereabouts((EAST, WEST), (POSTCODE, NUMBER))),
        (
            Whereabouts((EAST, WEST), (NUMBER, STATE)),
            (EAST, CENTRAL),
            Whereabouts((EAST, CENTRAL, WEST), (NUMBER, STATE)),
        ),
    ],
)
def test_corrected_zones_of_the_number_replace_its_own_and_join_others(
    stored: Whereabouts, number: tuple[str, ...], expected: Whereabouts
) -> None:
    assert corrected(stored, number) == expected


@pytest.mark.django_db
def test_waiting_recipients_are_corrected_and_their_batch_says_so(make_batch: Any) -> None:
    batch = validated(make_batch("+12125550123", "+13125550124", "+13125550125"))
    over = validated(make_batch("+13125550123"))
    lifecycle.cancel(over)
    by_older_tables = {"time_zones": WEST, "zone_sources": "number"}
    Recipient.objects.update(**by_older_tables)
    batch.recipients.filter(e164="+13125550125").update(status="skipped", reason_code="blocked")

    assert renewed_zones.renew() == 2
    assert renewed_zones.renew() == 0

    zones = batch.recipients.order_by("row_number").values_list("time_zones", flat=True)
    assert list(zones) == [EAST, CENTRAL, WEST]
    assert over.recipients.get().time_zones == WEST
    batch.refresh_from_db()
    shown = batch.dry_run["time_zones"]  # type: ignore[index]
    assert {zone["zones"] for zone in shown} == {EAST, CENTRAL}
    event = batch.events.get(code="zones_corrected")
    assert event.message == (
        "The time zones of 2 recipients were corrected: from newer data about their area."
    )


@pytest.mark.django_db
def test_an_upgrade_and_the_command_correct_them(make_batch: Any) -> None:
    batch: Batch = validated(make_batch("+12125550123"))
    batch.recipients.update(time_zones=WEST)
    call_command("migrate", verbosity=0)
    assert batch.recipients.get().time_zones == EAST

    batch.recipients.update(time_zones=WEST)
    out = StringIO()
    call_command("renew_zones", stdout=out)
    assert out.getvalue() == "Corrected the time zones of 1 waiting recipient.\n"
    assert batch.recipients.get().time_zones == EAST
