"""A decision about one call while another call to the same number ends with an opt-out."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from batchcalls.batches import reviewing
from batchcalls.models import Batch, CallResult, OptOutDecision, OptOutReview, Recipient
from campaigns.models import Suppression
from campaigns.opt_outs_heard import Heard

NUMBER = "+12025550190"
#: A decision that does not wait for the other call is made within this time.
LONG_ENOUGH_SECONDS = 0.5


@pytest.fixture
def batch(make_batch: Any) -> Batch:
    made: Batch = make_batch(NUMBER)
    return made


def ended(batch: Batch, number: int, *, at: datetime) -> CallResult:
    row = Recipient.objects.create(
        batch=batch, row_number=number + 1, e164=NUMBER, status="done", outcome="reached"
    )
    return CallResult.objects.create(
        batch=batch,
        recipient=row,
        account=batch.account,
        attempt=1,
        to_number=NUMBER,
        provider_call_id=f"p-{number}",
        status="completed",
        claimed_at=at,
        ended_at=at,
    )


@pytest.mark.django_db(transaction=True)
def test_a_number_stays_held_whose_next_call_ends_during_the_decision(batch: Batch) -> None:
    person, now = User.objects.create_user("ann"), timezone.now()
    reviewing.open_reviews({ended(batch, 1, at=now): Heard("Stop.", "English")})
    review, another = OptOutReview.objects.get(), ended(batch, 2, at=now)

    def decide() -> None:
        try:
            reviewing.decide(review, OptOutDecision.NOT_AN_OPT_OUT, actor=person)
        finally:
            connection.close()

    deciding = threading.Thread(target=decide)
    with transaction.atomic():
        reviewing.open_reviews({another: Heard("I said stop.", "English")})
        deciding.start()
        deciding.join(LONG_ENOUGH_SECONDS)
    deciding.join()

    assert OptOutReview.objects.pending().count() == 1
    assert Suppression.objects.holds().filter(e164=NUMBER).exists()


@pytest.mark.django_db(transaction=True)
def test_a_number_is_held_again_whose_next_call_ends_after_the_decision(batch: Batch) -> None:
    person, now = User.objects.create_user("ann"), timezone.now()
    reviewing.open_reviews({ended(batch, 1, at=now): Heard("Stop.", "English")})
    review, another = OptOutReview.objects.get(), ended(batch, 2, at=now)

    def end() -> None:
        try:
            reviewing.open_reviews({another: Heard("I said stop.", "English")})
        finally:
            connection.close()

    ending = threading.Thread(target=end)
    with transaction.atomic():
        reviewing.decide(review, OptOutDecision.NOT_AN_OPT_OUT, actor=person)
        ending.start()
        ending.join(LONG_ENOUGH_SECONDS)
    ending.join()

    assert OptOutReview.objects.pending().count() == 1
    assert Suppression.objects.holds().filter(e164=NUMBER).exists()
