"""Hours that close between the claim of a call and the first byte of its request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from batchcalls.batches import legal_floor
from batchcalls.models import Batch, CallResult, Recipient, VoiceAccount
from batchcalls.voice.base import CallAccepted, CallRequest, always
from campaigns.calling_hours import CallingHours
from tests.calling.placing import HUMAN, Recorder, lease_of, place_due

#: 21:00 in Washington, D.C., on a Wednesday, when calls to real phones end; and the next 08:00.
NINE_PM = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
EIGHT_AM = NINE_PM + timedelta(hours=11)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NINE_PM - 10 * SECOND, tick=False) as traveller:
        yield traveller


@pytest.fixture
def real(account: VoiceAccount, monkeypatch: pytest.MonkeyPatch) -> VoiceAccount:
    monkeypatch.setenv("BLAND_API_KEY", "sk-of-the-tests")
    return VoiceAccount.objects.create(name="real", provider="bland")


class SlowToConnect(Recorder):
    """Needs some time for a connection before it asks whether it may send."""

    def __init__(self, clock: Any, *, seconds: int) -> None:
        super().__init__()
        self.connect = lambda: clock.shift(seconds)

    def place(self, request: CallRequest, *, may_send: Callable[[], None] = always) -> CallAccepted:
        self.connect()
        return super().place(request, may_send=may_send)


def dialed(account: VoiceAccount, clock: Any, *, after: int) -> list[str]:
    """Claim what is due, connect, and send; return the numbers that the provider was asked for."""
    provider = SlowToConnect(clock, seconds=after)
    with lease_of(account) as lease:
        place_due(provider, lease)
    return [one.to for one in provider.placed]


@pytest.mark.django_db
class TestClosing:
    def test_a_call_that_is_connecting_when_hours_close_is_not_sent(
        self, launched: Any, real: VoiceAccount, clock: Any
    ) -> None:
        launched(HUMAN, account=real)

        assert dialed(real, clock, after=10) == []
        assert not CallResult.objects.exists()
        assert dialed(real, clock, after=0) == []
        row = Recipient.objects.get()
        assert (row.status, row.reason_code) == ("deferred", "outside_calling_hours")
        assert row.due_at == EIGHT_AM

    def test_a_second_earlier_it_is_sent(
        self, launched: Any, real: VoiceAccount, clock: Any
    ) -> None:
        launched(HUMAN, account=real)
        assert dialed(real, clock, after=9) == [HUMAN]

    def test_the_hours_of_a_setting_close_too(
        self, launched: Any, account: VoiceAccount, clock: Any
    ) -> None:
        launched(HUMAN, call_settings={"dispatch_hours": {"start": "09:00", "end": "21:00"}})
        assert dialed(account, clock, after=10) == []

    def test_what_lets_calls_go_beyond_the_floor_may_end_meanwhile(
        self, launched: Any, real: VoiceAccount, clock: Any
    ) -> None:
        launched(HUMAN, account=real)
        Batch.objects.update(policy={})
        clock.move_to(NINE_PM + timedelta(hours=1))
        until = NINE_PM + timedelta(hours=1, seconds=10)
        legal_floor.lift(real, until=until, reason="Storm warnings.")
        Recipient.objects.update(status="queued", due_at=NINE_PM)

        assert dialed(real, clock, after=10) == []

    def test_a_retry_at_another_hour_is_not_sent_in_the_next_one(
        self, launched: Any, account: VoiceAccount, clock: Any
    ) -> None:
        batch = launched(HUMAN)
        policy = {"retry": {"rules": [], "another_hour": True}}
        Batch.objects.update(policy=policy)
        at = NINE_PM - timedelta(days=1) + timedelta(minutes=5)
        row = Recipient.objects.get()
        CallResult.objects.create(
            batch=batch,
            recipient=row,
            account=account,
            attempt=1,
            to_number=HUMAN,
            claimed_at=at,
            sent_at=at,
            ended_at=at,
            status="no_answer",
            provider_call_id="p-1",
        )
        Recipient.objects.update(attempts=1)

        assert dialed(account, clock, after=10) == []
        assert dialed(account, clock, after=0) == []
        assert Recipient.objects.get().reason_code == "called_at_this_hour"


def hours(*spans: tuple[str, str]) -> CallingHours:
    return CallingHours.from_dict(
        {"windows": {str(day): list(map(list, spans)) for day in range(7)}}
    )


@pytest.mark.parametrize(
    ("spans", "zones", "seconds", "closes"),
    [
        ([("09:00", "21:00")], ["America/New_York"], 61, 60),
        ([("09:00", "21:00")], ["America/New_York"], 60, None),
        ([("09:00", "20:30"), ("20:30", "21:00")], ["America/New_York"], 61, 60),
        ([("00:00", "24:00")], ["America/New_York"], 600, None),
        # The day of UTC ends while the window goes on.
        ([("09:00", "21:00")], ["America/Denver"], 600, None),
        ([("09:00", "21:00")], ["America/Denver", "America/New_York"], 600, 60),
        # A window that goes on after midnight, UTC.
        ([("00:00", "01:59"), ("01:59", "24:00")], ["UTC"], 600, None),
    ],
)
def test_hours_close_when_the_first_zone_does(
    spans: list[tuple[str, str]], zones: list[str], seconds: int, closes: int | None
) -> None:
    now = NINE_PM - 60 * SECOND
    found = hours(*spans).closes_at(now, zones, until=now + seconds * SECOND)
    assert found == (None if closes is None else now + closes * SECOND)
