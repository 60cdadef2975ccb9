"""An attempt is constructed with every default, fresh ones where they can be changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from batchcalls.calling import gate, verdicts
from batchcalls.calling.next_attempts import next_attempt
from batchcalls.models import CallResult, Recipient, VoiceAccount
from tests.calling.placing import HUMAN

GIVEN = (
    *("call_id", "batch_id", "recipient_id", "account_id", "attempt", "tries", "to_number"),
    *("from_number", "webhook", "checks", "claimed_at", "reserved", "updated_at"),
)


@pytest.mark.django_db
def test_an_attempt_has_every_default_of_its_model(launched: Any, account: VoiceAccount) -> None:
    batch = launched(HUMAN)
    first, second = (
        next_attempt(
            account,
            batch,
            Recipient.objects.get(),
            gate.Facts(now=timezone.now()),
        )
        for _ in range(2)
    )
    assert not isinstance(first, verdicts.Refused)
    assert not isinstance(second, verdicts.Refused)
    call, other = first[0], second[0]
    plain = CallResult(**{name: getattr(call, name) for name in GIVEN})

    for field in CallResult._meta.concrete_fields:
        assert call.__dict__[field.attname] == getattr(plain, field.attname), field.attname
    assert call.call_id != other.call_id
    assert (call.pk, call.to_number) == (None, HUMAN)
    assert call.transcript is not other.transcript
