"""Budgets and the circuit breaker on the pages of a batch and of an account."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchcalls.batches import spending
from batchcalls.calling import gate, verdicts
from batchcalls.calling.budget import Purse
from batchcalls.models import AccountEvent, Batch, DailySpending, Recipient, VoiceAccount
from batchcalls.reporting import explaining
from batchcalls.states import BatchStatus
from tests.admin.markup import markup
from tests.admin.test_voice_accounts import fields_of
from tests.admin.test_wizard import fields, page

pytestmark = pytest.mark.django_db


def of_account(account: VoiceAccount) -> str:
    return reverse("admin:batchcalls_voiceaccount_change", args=[account.pk])


def test_the_wizard_takes_a_budget_and_the_batch_shows_what_is_left(
    admin_client: Client, account: VoiceAccount
) -> None:
    admin_client.post(page("add"), fields(budget="12.5", breaker_percent="30"))
    batch = Batch.objects.get()
    assert (batch.budget, batch.breaker_percent) == (Decimal("12.50"), 30)
    Batch.objects.update(spent=Decimal("11"), status=BatchStatus.PAUSED, prompt="Hello.")
    text = markup(admin_client.get(page("change", batch.pk)))
    assert "$11.00 of $12.50 spent, $1.50 left" in text
    assert "$12.50" in markup(admin_client.get(page("settings", batch.pk)))


def test_an_account_whose_calls_cost_something_keeps_its_currency(
    admin_client: Client, account: VoiceAccount
) -> None:
    url = of_account(account)
    admin_client.post(url, {**fields_of(admin_client.get(url)), "currency": "EUR"})
    account.refresh_from_db()
    assert account.currency == "EUR", "nothing was spent"
    today = spending.day_of(timezone.now())
    DailySpending.objects.create(account=account, day=today, spent=Decimal("1.50"))
    answer = admin_client.post(url, {**fields_of(admin_client.get(url)), "currency": "USD"})
    assert "Calls of this account were charged in EUR" in markup(answer)
    account.refresh_from_db()
    assert account.currency == "EUR"


def test_a_budget_below_a_cent_is_refused_beside_its_field(
    admin_client: Client, account: VoiceAccount
) -> None:
    text = markup(admin_client.post(page("add"), fields(budget="0")))
    assert "greater than or equal to 0.01" in text


def test_the_budget_of_a_paused_batch_is_raised_on_its_page(
    admin_client: Client, make_batch: Any
) -> None:
    batch = make_batch("+12025550190", budget=Decimal(5))
    Batch.objects.update(
        status=BatchStatus.PAUSED, reason_code="budget_used_up", reason="The budget is used up."
    )
    address = page("budget", batch.pk)
    assert "The budget is used up." in markup(admin_client.get(address))
    admin_client.post(address, {"budget": "8"})
    batch.refresh_from_db()
    assert (batch.budget, batch.status) == (Decimal(8), BatchStatus.PAUSED)
    admin_client.post(address, {"budget": ""})
    batch.refresh_from_db()
    assert batch.budget is None


def test_an_account_takes_budgets_and_shows_their_use(
    admin_client: Client, account: VoiceAccount
) -> None:
    sent = fields_of(admin_client.get(of_account(account)))
    admin_client.post(of_account(account), sent | {"daily_budget": "50", "breaker_percent": "25"})
    account.refresh_from_db()
    assert (account.daily_budget, account.failures_allowed) == (Decimal(50), 25)
    assert AccountEvent.objects.get(code="budget_changed").message == (
        "Budgets: daily $50.00, monthly none."
    )
    today = spending.day_of(timezone.now())
    DailySpending.objects.create(account=account, day=today, spent=Decimal("12.40"))
    text = markup(admin_client.get(of_account(account)))
    assert "$12.40 of $50.00 spent, $37.60 left" in text
    assert "25% failures of at least 20 calls within" in text


def test_a_budget_without_prices_is_refused(admin_client: Client, account: VoiceAccount) -> None:
    none = {"price_per_minute": "0", "price_per_attempt": "0", "price_per_voicemail_minute": ""}
    sent = fields_of(admin_client.get(of_account(account))) | none
    answer = admin_client.post(of_account(account), sent | {"monthly_budget": "50"})
    assert "No price is set, so this budget cannot be kept." in markup(answer)
    account.refresh_from_db()
    assert account.monthly_budget is None


def test_the_explanation_names_the_budget(make_batch: Any, launched: Any) -> None:
    batch = launched("+12025550190", budget=Decimal("0.50"))
    recipient = Recipient.objects.get()
    [verdict] = [one for one in explaining.why_not(recipient) if one.rule == "Budget"]
    assert verdict.allows is False
    assert "budget of $0.50 is too small for one call" in verdict.detail
    assert "may cost up to $3.62" in verdict.detail
    Batch.objects.update(budget=None)
    assert isinstance(
        gate.check(batch, recipient, gate.Facts(now=batch.created_at, purse=Purse())),
        verdicts.Allowed,
    )


def test_the_log_of_an_account_is_on_its_page_and_that_of_its_floor_beside_the_floor(
    admin_client: Client, account: VoiceAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    real = VoiceAccount.objects.create(name="real", provider="bland")
    AccountEvent.objects.create(account=real, code="overcharged", message="Too much was charged.")
    text = markup(admin_client.get(of_account(real)))
    assert "Too much was charged." in text
    assert "System, " in text
    floor = reverse("admin:batchcalls_voiceaccount_floor", args=[real.pk])
    assert "Too much was charged." not in markup(admin_client.get(floor))
