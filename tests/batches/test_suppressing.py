"""The do-not-call list is written in one way, whoever writes it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from batchcalls.batches.suppressing import REASON_LENGTH, suppress
from campaigns.models import Suppression, SuppressionSource

pytestmark = pytest.mark.django_db

FIRST, SECOND = "+12025550123", "+12025550124"


def test_a_reason_is_stored_without_what_nobody_sees_and_cut_to_its_length() -> None:
    suppress({FIRST: " asked\u200b us\x00 ", SECOND: "x" * 500}, source=SuppressionSource.API)
    reasons = dict(Suppression.objects.values_list("e164", "reason"))
    assert reasons == {FIRST: "asked us", SECOND: "x" * REASON_LENGTH}


def test_a_listed_number_keeps_its_reason_source_and_creator() -> None:
    dana, kim = User.objects.create_user("dana"), User.objects.create_user("kim")
    assert suppress({FIRST: "moved"}, source=SuppressionSource.MANUAL, actor=dana) == 1
    again = {FIRST: "other", SECOND: ""}
    assert suppress(again, source=SuppressionSource.IMPORT, actor=kim) == 1
    rows = Suppression.objects.order_by("e164").values_list(
        "e164", "reason", "source", "created_by__username"
    )
    assert list(rows) == [(FIRST, "moved", "manual", "dana"), (SECOND, "", "import", "kim")]
