"""A provider that notes what it is asked, and the steps of a dispatch by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from batchcalls.calling.dispatch import Dispatcher
from batchcalls.database.lease import Lease
from batchcalls.models import VoiceAccount
from batchcalls.voice.base import CallAccepted, CallRequest, Pulled, VoiceProvider, always

HUMAN, OTHER = "+12025550190", "+12025550191"


class Recorder(VoiceProvider):
    """A provider that notes what it is asked to place; ``act`` says what happens then."""

    kind, label = "recorder", "Recorder"

    def __init__(self, act: Callable[[CallRequest], None] = lambda request: None) -> None:
        self.placed: list[CallRequest] = []
        self.act = act

    def check_connection(self) -> Any:
        raise AssertionError("Nobody asked.")

    def place(self, request: CallRequest, *, may_send: Callable[[], None] = always) -> CallAccepted:
        may_send()
        self.placed.append(request)
        self.act(request)
        return CallAccepted(provider_call_id=f"rec-{request.correlation_id}")

    def find(
        self, request: CallRequest, *, sent_at: datetime, since: datetime | None = None
    ) -> Any:
        raise AssertionError("Nothing was lost.")

    def stop(self, call: Any, *, hang_up: bool, now: datetime) -> Pulled:
        return Pulled(events=[], next_event_at=None)

    def pull(self, call: Any, *, after: datetime | None, until: datetime) -> Pulled:
        return Pulled(events=[], next_event_at=None)


def place_due(provider: VoiceProvider, lease: Lease[VoiceAccount], **options: Any) -> None:
    """Place what is due now, and no more."""
    with Dispatcher(provider, lease, **options) as dispatcher:
        dispatcher.step()
        while not dispatcher.idle:
            dispatcher.wait(0.05)
            dispatcher.step()


def lease_of(account: VoiceAccount) -> Lease[VoiceAccount]:
    lease = Lease.acquire(VoiceAccount.objects.all(), account.pk, seconds=60)
    assert lease is not None
    return lease
