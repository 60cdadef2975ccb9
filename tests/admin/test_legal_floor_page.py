"""The legal floor on pages: lifting it, and where everybody sees that it is lifted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.batches import legal_floor
from batchcalls.intake import dry_run
from batchcalls.models import AccountEvent, AuditEntry, Batch, VoiceAccount
from campaigns.models import CallingPolicy, Campaign
from tests.admin.markup import markup

pytestmark = pytest.mark.django_db


@pytest.fixture
def real(db: None, monkeypatch: pytest.MonkeyPatch) -> VoiceAccount:
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    return VoiceAccount.objects.create(name="Main line", provider="bland")


@pytest.fixture
def lifted(real: VoiceAccount) -> VoiceAccount:
    until = timezone.now() + timedelta(days=2)
    legal_floor.lift(real, until=until, reason="Storm warnings.")
    return real


def page_of(account: VoiceAccount) -> str:
    return reverse("admin:batchcalls_voiceaccount_floor", args=[account.pk])


def test_a_person_with_the_permission_lifts_the_floor_until_the_end_of_a_day(
    client: Client, real: VoiceAccount
) -> None:
    person = User.objects.create_user("ann", is_staff=True)
    names = ["waive_voiceaccount", "view_voiceaccount"]
    person.user_permissions.add(*Permission.objects.filter(codename__in=names))
    client.force_login(person)
    day = timezone.now().date() + timedelta(days=2)

    assert client.post(page_of(real), {"reason": "Storms.", "until": day}).status_code == 302

    real.refresh_from_db()
    ends = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    assert (real.beyond_floor_until, real.beyond_floor_reason) == (ends, "Storms.")
    assert AccountEvent.objects.get().actor == person
    entry = AuditEntry.objects.get(kind="batchcalls.voiceaccount")
    assert (entry.actor_name, entry.after["beyond_floor_reason"]) == ("ann", "Storms.")


@pytest.mark.parametrize(("days", "reason"), [(-1, "Past."), (400, "Long."), (1, " ")])
def test_it_takes_a_reason_and_a_day_within_a_year(
    admin_client: Client, real: VoiceAccount, days: int, reason: str
) -> None:
    day = timezone.now().date() + timedelta(days=days)
    assert admin_client.post(page_of(real), {"reason": reason, "until": day}).status_code == 200
    real.refresh_from_db()
    assert real.beyond_floor_until is None


def test_the_floor_is_restored_on_the_same_page(admin_client: Client, lifted: VoiceAccount) -> None:
    assert "Storm warnings." in markup(admin_client.get(page_of(lifted)))
    assert admin_client.post(page_of(lifted)).status_code == 302
    lifted.refresh_from_db()
    assert lifted.has_floor(timezone.now())


def test_every_batch_of_the_account_shows_it(
    admin_client: Client, lifted: VoiceAccount, make_batch: Any
) -> None:
    batch = make_batch("+12025550190", account=lifted)
    said = "Storm warnings."
    for url in (
        reverse("admin:batchcalls_batch_change", args=[batch.pk]),
        reverse("admin:batchcalls_batch_log", args=[batch.pk]),
        reverse("admin:batchcalls_voiceaccount_change", args=[lifted.pk]),
    ):
        assert said in markup(admin_client.get(url))
    assert said in dry_run.compute(batch, now=timezone.now())["notes"][0]

    legal_floor.restore(lifted)
    assert said not in markup(
        admin_client.get(reverse("admin:batchcalls_batch_change", args=[batch.pk]))
    )


def test_a_policys_page_says_how_many_batches_wait_under_it(
    admin_client: Client, make_batch: Any
) -> None:
    policy = CallingPolicy.objects.create(name="Office")
    campaign = Campaign.objects.create(name="C", prompt="Hello.", policy=policy)
    page = reverse("admin:campaigns_callingpolicy_change", args=[policy.pk])
    assert "No open batches under this policy." in markup(admin_client.get(page))

    for _ in range(3):
        make_batch("+12025550190", campaign=campaign)
    over = Batch.objects.all()[:1].get()
    Batch.objects.filter(pk=over.pk).update(status="canceled", ended_at=timezone.now())

    assert "2 open batches under this policy." in markup(admin_client.get(page))
