"""Simulated calls for tests: accounts, requests and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from batchcalls.states import CallStatus
from batchcalls.voice.base import (
    AccountConfig,
    CallDetails,
    CallReference,
    CallRequest,
    VoiceEvent,
)
from batchcalls.voice.simulator import SimulatorProvider
from batchcalls.voice.simulator.timeline import make_call_id

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
LATER = START + timedelta(days=1)


def simulator(**options: Any) -> SimulatorProvider:
    return SimulatorProvider(
        AccountConfig(
            name="simulator",
            options=options,
            price_per_minute=Decimal("0.12"),
            price_per_attempt=Decimal("0.015"),
            currency="EUR",
        )
    )


def request_to(number: str, **changes: Any) -> CallRequest:
    request = CallRequest(
        correlation_id=UUID(int=1),
        to=number,
        prompt="You are calling Emily to remind her of Home Cleaning on July 10.",
        variables={"customer_name": "Emily", "service": "Home Cleaning", "date": "July 10"},
    )
    return replace(request, **changes)


def call_of(request: CallRequest) -> CallReference:
    call_id = make_call_id(START, request.correlation_id)
    return CallReference(provider_call_id=call_id, request=request)


def events_of(request: CallRequest, provider: SimulatorProvider | None = None) -> list[VoiceEvent]:
    pulled = (provider or simulator()).pull(call_of(request), after=None, until=LATER)
    assert pulled.next_event_at is None
    return list(pulled.events)


def statuses(events: list[VoiceEvent]) -> list[CallStatus]:
    return [event.status for event in events]


def details_of(request: CallRequest, provider: SimulatorProvider | None = None) -> CallDetails:
    details = events_of(request, provider)[-1].details
    assert details is not None
    return details
