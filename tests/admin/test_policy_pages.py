"""The pages of calling policies: the hours in words, as a picture, and as rows to edit."""

from __future__ import annotations

import html
from datetime import date, time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import CallingPolicy
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
    assert shown.count('type="time"') == 2 * 6  # five days, and the row that others are made of
    chosen = [f'<option value="{day}" selected>' for day in range(5)]
    assert all(one in shown for one in chosen)


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
    assert 'data-label="Calling hours" class="field-hours">Mon 06:00–18:00' in listed
