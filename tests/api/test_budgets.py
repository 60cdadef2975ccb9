"""Budgets by API, on the command line, and in the dry run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from batchcalls.batches import lifecycle
from batchcalls.drafting import edits
from batchcalls.drafting.drafts import DraftError
from batchcalls.intake import dry_run, runner
from batchcalls.management.draft_options import Refused, _budget
from batchcalls.models import Batch, VoiceAccount
from batchcalls.states import BatchStatus
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

BODY = {"prompt": "Hello.", "recipients": [{"phone_number": "+12025550190"}]}


def test_a_batch_is_made_with_a_budget_that_can_be_changed(
    program: Program, account: VoiceAccount
) -> None:
    made = program.post("/api/v1/batches", {**BODY, "budget": "0.05", "breaker_percent": 10})
    assert (made.json()["budget"], made.json()["breaker_percent"]) == ("0.05", 10)
    address = f"/api/v1/batches/{made.json()['id']}"
    told = program.post(f"{address}/budget", {"budget": "9.999"})
    assert (told.status_code, told.json()["errors"][0]["pointer"]) == (400, "/budget")
    assert program.post(f"{address}/budget", {"budget": "9.99"}).json()["budget"] == "9.99"
    assert program.get(f"{address}/progress").json()["budget"] == {
        "period": "batch",
        "limit": "9.99",
        "spent": "0.00000",
        "reserved": "0.00000",
        "left": "9.99000",
        "currency": "USD",
    }
    assert program.post(f"{address}/budget", {"budget": None}).json()["budget"] is None
    assert program.get(f"{address}/progress").json()["budget"] is None


def test_the_budget_of_a_finished_batch_cannot_be_changed(
    program: Program, make_batch: Any
) -> None:
    batch = make_batch("+12025550190")
    lifecycle.cancel(batch)
    told = program.post(f"/api/v1/batches/{batch.pk}/budget", {"budget": "5"})
    assert told.status_code == 409


def test_a_budget_without_prices_is_refused_at_launch(
    program: Program, make_batch: Any, account: VoiceAccount
) -> None:
    batch = make_batch("+12025550190", budget=Decimal(5))
    VoiceAccount.objects.update(price_per_minute=0, price_per_attempt=0)
    batch = Batch.objects.get(pk=batch.pk)
    with pytest.raises(DraftError, match="No price is set for the voice account simulator"):
        edits.submit(batch, launch=True)
    told = program.post("/api/v1/batches", {**BODY, "budget": "5", "launch": True})
    assert (told.status_code, told.json()["code"]) == (400, "no_price")


def test_the_dry_run_says_which_budgets_the_estimate_exceeds(
    make_batch: Any, account: VoiceAccount
) -> None:
    VoiceAccount.objects.update(daily_budget=Decimal("0.20"), monthly_budget=Decimal("100"))
    batch = make_batch("+12025550190", budget=Decimal("0.30"))
    lifecycle.submit(batch, launch=False)
    runner.run_batch(batch.pk, seconds=30)
    batch.refresh_from_db()
    assert batch.status == BatchStatus.READY
    notes = dry_run.store(batch)["notes"]
    assert notes[:2] == [
        "The batch’s budget of $0.30 is too small for one call, which may cost up to $3.62. "
        "Raise the budget, or shorten calls with the call setting max_duration.",
        "The estimate, up to $0.38, is above what is left of the daily budget of simulator, "
        "$0.20: calls wait until the next day when it is used up.",
    ]


@pytest.mark.parametrize("given", ["", "five", "0", "-1", "NaN", "Infinity", "1e9", "0.001"])
def test_the_command_line_refuses_what_is_no_amount(given: str) -> None:
    with pytest.raises(Refused, match="is not an amount of money"):
        _budget(given)


def test_the_command_line_takes_an_amount() -> None:
    assert (_budget("12.5"), _budget(None)) == (Decimal("12.50"), None)
