"""The page of an account's caller IDs, and the countries on the account's page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.models import CallerId, Recipient, VoiceAccount

pytestmark = pytest.mark.django_db

MIAMI, NEW_YORK = "+13055550100", "+12125550100"


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def real() -> VoiceAccount:
    return VoiceAccount.objects.create(name="real", provider="bland")


def add(account: VoiceAccount, *numbers: str, **fields: Any) -> list[CallerId]:
    return [CallerId.objects.create(account=account, e164=one, **fields) for one in numbers]


def page_of(account: VoiceAccount) -> str:
    return reverse("admin:batchcalls_voiceaccount_caller_ids", args=[account.pk])


def posted(*rows: CallerId, **changes: Any) -> dict[str, Any]:
    """Return what a browser would post if nothing but the changes was changed."""
    found: dict[str, Any] = {"row": [str(one.pk) for one in rows], "added": ""}
    for one in rows:
        found |= {f"{one.pk}-note": one.note, f"{one.pk}-daily_cap": one.daily_cap or ""}
        found |= {f"{one.pk}-enabled": "on"} if one.enabled else {}
    return {name: value for name, value in (found | changes).items() if value is not None}


def test_numbers_are_added_switched_off_capped_and_removed(
    admin: Client, real: VoiceAccount
) -> None:
    miami, york, third = add(real, MIAMI, NEW_YORK, "+12025550100")
    CallerId.objects.update(full_until=timezone.now())
    changes = {
        f"{miami.pk}-enabled": None,
        f"{york.pk}-daily_cap": "150",
        f"{york.pk}-note": "Sales",
        f"{third.pk}-remove": "on",
        "added": "+1 (407) 555-0100\n\n+14075550101, +14075550101",
    }

    answer = admin.post(page_of(real), posted(miami, york, third, **changes), follow=True)

    assert "Caller IDs saved." in answer.content.decode()
    rows = CallerId.objects.values_list("e164", "enabled", "daily_cap", "note")
    assert list(rows) == [
        (MIAMI, False, None, ""),
        (NEW_YORK, True, 150, "Sales"),
        ("+14075550100", True, None, ""),
        ("+14075550101", True, None, ""),
    ]
    york.refresh_from_db()
    assert york.full_until is None
    told = LogEntry.objects.get().get_change_message()
    for part in (f"{MIAMI}: off", f"{NEW_YORK}: on, daily cap 150", "Removed +12025550100"):
        assert part in told


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"added": "+442079460123"}, "add GB to the countries"),
        ({"added": "12"}, "12"),
        ({"added": "+19005550123"}, "premium-rate"),
        ({"{}-daily_cap": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(
    admin: Client, real: VoiceAccount, changes: dict[str, str], sentence: str
) -> None:
    [miami] = add(real, MIAMI)
    wrong = {name.format(miami.pk): value for name, value in changes.items()}

    answer = admin.post(page_of(real), posted(miami, **wrong, **{f"{miami.pk}-enabled": None}))

    assert sentence in answer.content.decode()
    assert list(CallerId.objects.values_list("e164", "enabled")) == [(MIAMI, True)]


def test_thousands_are_shown_page_by_page_and_only_those_shown_are_changed(
    admin: Client, real: VoiceAccount
) -> None:
    CallerId.objects.bulk_create(
        CallerId(account=real, e164=f"+1305555{index:04}") for index in range(2_000)
    )

    page = " ".join(admin.get(page_of(real) + "?page=40").content.decode().split())
    assert "Page 40 of 40 · 2,000 caller IDs" in page
    assert page.count('name="row"') == 50
    first = CallerId.objects.earliest("pk")
    gone = CallerId.objects.latest("pk")
    gone.delete()
    stale = {"row": [str(first.pk), str(gone.pk or 10**30), "x"], "added": ""}
    admin.post(page_of(real), stale)
    assert CallerId.objects.filter(enabled=False).count() == 1


def test_rows_of_another_account_are_left_alone(admin: Client, real: VoiceAccount) -> None:
    other = VoiceAccount.objects.create(name="other", provider="bland")
    [miami] = add(other, MIAMI)

    admin.post(page_of(real), posted(miami, **{f"{miami.pk}-remove": "on"}))

    assert CallerId.objects.get() == miami


def test_rows_that_wait_for_a_caller_id_are_due_again(
    admin: Client, real: VoiceAccount, launched: Any
) -> None:
    [miami] = add(real, MIAMI, enabled=False)
    batch = launched("+12025550190", "+12025550191", account=real)
    later = timezone.now() + timedelta(hours=1)
    rows = Recipient.objects.filter(batch=batch)
    rows.update(status="deferred", reason_code="caller_ids_off", due_at=later)
    rows.filter(row_number=2).update(reason_code="outside_calling_hours")

    admin.post(page_of(real), posted(miami, **{f"{miami.pk}-enabled": "on"}))

    due = [one.due_at <= timezone.now() for one in rows.order_by("row_number") if one.due_at]
    assert due == [False, True]


def test_countries_and_special_numbers_are_chosen_on_the_page_of_the_account(
    admin: Client, real: VoiceAccount
) -> None:
    change = reverse("admin:batchcalls_voiceaccount_change", args=[real.pk])
    page = admin.get(change).content.decode()
    assert "Leave blank for United States (US), the default region." in page
    fields = {
        "name": "real",
        "provider": "bland",
        "countries": "us ca;GB",
        "special_numbers": ["satellite"],
        "concurrency": "10",
        "price_per_minute": "0",
        "price_per_attempt": "0",
        "currency": "USD",
        "minute_rounding": "second",
        "budget_warning_percent": "80",
        "breaker_calls": "20",
        "breaker_minutes": "10",
    }

    admin.post(change, fields)

    real.refresh_from_db()
    assert (real.countries, real.special_numbers) == (["CA", "GB", "US"], ["satellite"])
    wrong = admin.post(change, fields | {"countries": "US, Narnia"})
    assert "“NARNIA”: not a country code" in wrong.content.decode()
