"""Do-not-call lists that a person reviews before they are stored: scope and end of each entry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import tablib

from batchcalls.intake.suppressions import SuppressionResource
from campaigns.models import Campaign, Suppression

pytestmark = pytest.mark.django_db

NUMBER = "+12025550190"
END = datetime(2999, 1, 31, tzinfo=UTC)


@pytest.fixture
def campaign() -> Campaign:
    return Campaign.objects.create(name="Reminders", prompt="Hello.")


def import_rows(*rows: list[str], headers: str = "e164,reason,campaign,expires_at") -> Any:
    data = tablib.Dataset(*rows, headers=headers.split(","))
    return SuppressionResource().import_data(data, dry_run=False)


def errors_of(result: Any) -> list[dict[str, list[str]]]:
    return [row.error.message_dict for row in result.invalid_rows]


def test_scope_and_end_of_an_entry_are_imported(campaign: Campaign) -> None:
    import_rows([NUMBER, "Asked", "Reminders", "2999-01-31T00:00:00+0000"], [NUMBER, "", "", ""])
    entries = Suppression.objects.order_by("pk").values_list("campaign", "expires_at", "reason")
    assert list(entries) == [(campaign.pk, END, "Asked"), (None, None, "")]


def test_the_long_lists_header_of_the_campaign_is_known_too(campaign: Campaign) -> None:
    import_rows([NUMBER, "Reminders"], headers="e164,only_for_campaign")
    assert Suppression.objects.get().campaign == campaign


def test_an_entry_with_the_same_scope_and_end_stays_as_it_is(campaign: Campaign) -> None:
    Suppression.objects.create(e164=NUMBER, reason="Old")
    Suppression.objects.create(e164=NUMBER, campaign=campaign, expires_at=END, reason="Letter")
    result = import_rows([NUMBER, "New", "Reminders", "2999-01-31T00:00:00Z"])
    assert result.totals["skip"] == 1
    assert set(Suppression.objects.values_list("reason", flat=True)) == {"Old", "Letter"}


@pytest.mark.parametrize(
    ("campaign_name", "end", "complaint"),
    [
        (
            "Reminder",
            "",
            {
                "campaign": [
                    "No campaign is called “Reminder”. Correct it, or leave it blank for all calls."
                ]
            },
        ),
        (
            "",
            "next year",
            {
                "expires_at": [
                    "“next year” is not a time with an offset. Write it as 2027-01-31T00:00:00Z."
                ]
            },
        ),
        (
            "",
            "2020-01-01T00:00:00Z",
            {"expires_at": ["This time is in the past. Enter a later one."]},
        ),
    ],
)
def test_a_scope_or_an_end_that_is_not_understood_is_an_error_of_its_row(
    campaign: Campaign, campaign_name: str, end: str, complaint: dict[str, list[str]]
) -> None:
    result = import_rows([NUMBER, "", campaign_name, end])
    assert errors_of(result) == [complaint]
    assert not Suppression.objects.exists()
