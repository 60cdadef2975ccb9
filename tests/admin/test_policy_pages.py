"""The pages of calling policies: the hours in words, as a picture, and as seven rows to edit."""

from __future__ import annotations

import html
from datetime import date, time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import CallingPolicy
from campaigns.vocabulary import Purpose
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db

ADD = reverse("admin:campaigns_callingpolicy_add")


def rows(prefix: str, *rows: dict[str, Any]) -> dict[str, Any]:
    """Return what an inline form posts."""
    found: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
    for index, row in enumerate(rows):
        found |= {f"{prefix}-{index}-{name}": value for name, value in row.items()}
    return found


def filled(*windows: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "Office",
        "consent_required": "nobody",
        "when_capped": "wait",
        **rows("calling_windows", *windows),
        **rows("blackout_dates"),
        **rows("retry_rules"),
    }


def window(day: object, opens: str = "09:00", closes: str = "20:00") -> dict[str, Any]:
    return {"weekday": day, "opens_at": opens, "closes_at": closes}


def text_of(answer: Any) -> str:
    return html.unescape(markup(answer))


def test_a_new_policy_begins_with_office_days(admin_client: Client) -> None:
    shown = text_of(admin_client.get(ADD))
    assert shown.count('type="time"') == 2 * 2 * 7  # each day has room for two windows
    assert shown.count('value="09:00"') == shown.count('value="20:00"') == 5
    assert 'aria-label="Monday: from"' in shown


def test_what_was_offered_is_kept_when_it_is_saved_as_it_stands(admin_client: Client) -> None:
    sent = filled(*(window(day) for day in range(5)))
    assert admin_client.post(ADD, sent).status_code == 302
    policy = CallingPolicy.objects.get()
    kept = policy.calling_windows.values_list("weekday", "opens_at", "closes_at")
    assert list(kept) == [(day, time(9), time(20)) for day in range(5)]


def test_a_row_without_a_weekday_is_left_out(admin_client: Client) -> None:
    assert admin_client.post(ADD, filled(window(0), window(""))).status_code == 302
    assert CallingPolicy.objects.get().calling_windows.count() == 1


def test_windows_that_overlap_are_refused(admin_client: Client) -> None:
    answer = admin_client.post(ADD, filled(window(0), window(0, "10:00", "12:00")))
    assert answer.status_code == 200
    assert "overlap" in text_of(answer)
    assert not CallingPolicy.objects.exists()


def test_the_hours_are_shown_in_words_and_as_a_picture(admin_client: Client) -> None:
    policy = CallingPolicy.objects.create(name="Office")
    policy.calling_windows.create(weekday=0, opens_at=time(6), closes_at=time(18))
    policy.blackout_dates.create(date=date(2026, 12, 25))
    shown = text_of(
        admin_client.get(reverse("admin:campaigns_callingpolicy_change", args=[policy.pk]))
    )
    assert "Mon 06:00–18:00 in the callee’s time; not on 1 day" in shown
    # From a quarter of the day to three quarters of it.
    assert '<rect class="open" x="30.750%" width="43.500%" y="0"' in shown
    assert shown.count('<rect class="closed"') == 7
    listed = text_of(admin_client.get(reverse("admin:campaigns_callingpolicy_changelist")))
    assert 'data-label="Calling hours" class="text">Mon 06:00–18:00' in listed


def saved(client: Client, policy: CallingPolicy, **changes: str) -> Any:
    """Post the policy's page as it is shown, with some changes."""
    page = reverse("admin:campaigns_callingpolicy_change", args=[policy.pk])
    context = client.get(page).context
    shown = {"name": policy.name, "consent_required": "nobody", "when_capped": "wait"}
    for kind in context["inline_admin_formsets"]:
        for form in [kind.formset.management_form, *kind.formset.forms]:
            fields = {one.html_name: one.value() for one in form if one.name != "DELETE"}
            shown |= {name: value for name, value in fields.items() if value is not None}
    return client.post(page, shown | changes)


@pytest.fixture
def office() -> CallingPolicy:
    policy = CallingPolicy.objects.create(name="Office")
    for opens in (9, 13):
        policy.calling_windows.create(weekday=0, opens_at=time(opens), closes_at=time(opens + 3))
    policy.blackout_dates.create(date=date(2026, 12, 25), reason="Holiday")
    policy.retry_rules.create(outcome="busy", max_retries=2, wait_seconds=100, waits=[30])
    return policy


def test_a_policy_saved_as_it_is_shown_stays_the_same(
    admin_client: Client, office: CallingPolicy
) -> None:
    before = office.to_dict(Purpose.MARKETING)
    assert saved(admin_client, office).status_code == 302
    assert CallingPolicy.objects.get().to_dict(Purpose.MARKETING) == before


def test_cleared_rows_are_deleted_and_filled_ones_added(
    admin_client: Client, office: CallingPolicy
) -> None:
    answer = saved(
        admin_client,
        office,
        **{
            **{"calling_windows-1-opens_at": "", "calling_windows-1-closes_at": ""},
            **{"calling_windows-3-opens_at": "10:00", "calling_windows-3-closes_at": "12:00"},
            **{"blackout_dates-0-date": "", "blackout_dates-0-reason": ""},
            "retry_rules-0-max_retries": "",
            "retry_rules-1-max_retries": "3",
        },
    )
    assert answer.status_code == 302
    policy = CallingPolicy.objects.get().to_dict(Purpose.MARKETING)
    assert policy["calling_hours"]["windows"]["0"] == [[540, 720]]
    assert policy["calling_hours"]["windows"]["1"] == [[600, 720]]
    assert policy["calling_hours"]["blackout_dates"] == []
    rules = [(rule["outcome"], rule["wait_seconds"]) for rule in policy["retry"]["rules"]]
    assert rules == [("no_answer", 3600)]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("calling_windows-0-closes_at", "", "Enter both times, or clear both."),
        ("blackout_dates-0-date", "", "Enter the date, or clear the reason."),
        ("retry_rules-0-first_waits", "1, 2, 3", "Enter no more waits than retries."),
        ("retry_rules-0-first_waits", "soon", "Enter minutes with commas between them"),
        ("retry_rules-0-max_retries", "21", "less than or equal to 20"),
        ("retry_rules-0-wait_minutes", "43201", "less than or equal to 43200"),
    ],
)
def test_a_row_that_cannot_be_says_why(
    admin_client: Client, office: CallingPolicy, name: str, value: str, says: str
) -> None:
    answer = saved(admin_client, office, **{name: value})
    assert answer.status_code == 200
    assert says in text_of(answer)
