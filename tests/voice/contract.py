"""What every voice provider promises; a provider's tests subclass this and give their samples.

A subclass defines the fixture ``provider`` and may override ``request_with`` (a request that the
provider accepts) and ``events_of`` (how the provider's events are collected; by pulling them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from batchcalls.states import CALL_FINAL, CALL_LIVE
from batchcalls.voice.base import (
    AccountConfig,
    CallAccepted,
    CallFound,
    CallReference,
    CallRequest,
    VoiceEvent,
    VoiceProvider,
)
from batchcalls.voice.errors import NotPlaced, OptionsInvalid
from batchcalls.voice.options import options_of
from campaigns.vocabulary import AnsweredBy, Disposition


def pull_to_the_end(
    provider: VoiceProvider, call: CallReference, first_event_at: datetime | None
) -> list[VoiceEvent]:
    """Pull whenever the provider says that there is news, until it has no more; waits for none."""
    events: list[VoiceEvent] = []
    after, until = None, first_event_at
    while until is not None:
        pulled = provider.pull(call, after=after, until=until)
        assert pulled.events, "a provider that names a time has news at that time"
        assert pulled.next_event_at is None or pulled.next_event_at > until
        events.extend(pulled.events)
        after, until = until, pulled.next_event_at
    return events


class VoiceProviderContract:
    """Hold a provider to `VoiceProvider`."""

    #: The provider's kind, as in `voice.registry`.
    kind: str
    #: What must never be shown of the account that ``provider`` uses.
    secrets: tuple[str, ...] = ()

    @pytest.fixture
    def provider(self) -> VoiceProvider:
        raise NotImplementedError

    def calls_placed(self) -> int:
        """Count the calls that the provider says it has made."""
        raise NotImplementedError

    def request_with(self, **changes: Any) -> CallRequest:
        """Return a new request that the provider accepts."""
        request = CallRequest(
            correlation_id=uuid4(),
            to="+12025550190",
            from_number="+12025550100",
            prompt="You are calling Emily to remind her of Home Cleaning on July 10.",
            variables={"customer_name": "Emily", "service": "Home Cleaning", "date": "July 10"},
        )
        return replace(request, **changes)

    def events_of(
        self, provider: VoiceProvider, call: CallReference, accepted: CallAccepted
    ) -> Sequence[VoiceEvent]:
        """Return all events of a call, in the order in which they are sent."""
        return pull_to_the_end(provider, call, accepted.next_event_at)

    @pytest.fixture
    def request_(self) -> CallRequest:
        return self.request_with()

    @pytest.fixture
    def accepted(self, provider: VoiceProvider, request_: CallRequest) -> CallAccepted:
        return provider.place(request_)

    @pytest.fixture
    def call(self, accepted: CallAccepted, request_: CallRequest) -> CallReference:
        return CallReference(provider_call_id=accepted.provider_call_id, request=request_)

    @pytest.fixture
    def events(
        self, provider: VoiceProvider, call: CallReference, accepted: CallAccepted
    ) -> Sequence[VoiceEvent]:
        return self.events_of(provider, call, accepted)

    def test_the_provider_is_named_for_programs_and_for_people(
        self, provider: VoiceProvider
    ) -> None:
        assert provider.kind == provider.kind.lower().strip() != ""
        assert provider.label[0].isupper()

    def test_an_option_it_does_not_have_is_named_in_the_error(
        self, provider: VoiceProvider
    ) -> None:
        with pytest.raises(OptionsInvalid, match="no_such_option"):
            type(provider)(AccountConfig(name="test", options={"no_such_option": 1}))

    def test_every_option_is_described_for_people_and_its_default_is_valid(
        self, provider: VoiceProvider
    ) -> None:
        options = options_of(provider.options_type)
        assert all(one.label and one.help.endswith(".") for one in options)
        assert provider.options_type.parse({one.name: one.default for one in options}) == (
            provider.options_type.parse({})
        )

    def test_a_wrong_value_is_refused_in_the_name_of_its_option(
        self, provider: VoiceProvider
    ) -> None:
        for one in options_of(provider.options_type):
            with pytest.raises(OptionsInvalid, match=one.name) as refused:
                provider.options_type.parse({one.name: object()})
            assert refused.value.option == one.name

    def test_asking_whether_the_account_works_places_no_call_and_tells_no_secret(
        self, provider: VoiceProvider
    ) -> None:
        before = self.calls_placed()
        report = provider.check_connection()
        assert report.sentence.endswith(".")
        assert report.warning == ""
        assert not any(secret in repr(report) for secret in self.secrets)
        assert self.calls_placed() == before
        with pytest.raises(FrozenInstanceError):
            report.sentence = ""  # type: ignore[misc]

    def test_what_an_account_needs_of_the_environment_is_named_and_never_shown(
        self, provider: VoiceProvider
    ) -> None:
        variables = type(provider).environment({})
        assert all(one.is_set for one in variables if one.is_required)
        assert not any(secret in repr(variables) for secret in self.secrets)

    def test_an_accepted_call_has_an_id_and_a_time_to_ask_for_news(
        self, accepted: CallAccepted
    ) -> None:
        assert accepted.provider_call_id
        assert accepted.next_event_at is not None

    def test_it_asks_once_whether_it_may_send_before_the_call_exists(
        self, provider: VoiceProvider, request_: CallRequest
    ) -> None:
        existing: list[int] = []
        before = self.calls_placed()
        provider.place(request_, may_send=lambda: existing.append(self.calls_placed()))
        assert existing == [before]
        assert self.calls_placed() == before + 1

    def test_nothing_is_sent_when_it_may_not_and_the_next_call_goes_out(
        self, provider: VoiceProvider, request_: CallRequest
    ) -> None:
        def refuse() -> None:
            raise NotPlaced("Halted.", code="halted")

        before = self.calls_placed()
        with pytest.raises(NotPlaced, match="Halted"):
            provider.place(request_, may_send=refuse)
        assert self.calls_placed() == before
        assert provider.place(self.request_with()).provider_call_id
        assert self.calls_placed() == before + 1

    def test_two_calls_never_share_an_id(self, provider: VoiceProvider) -> None:
        calls = [provider.place(self.request_with()).provider_call_id for _ in range(5)]
        assert len(set(calls)) == 5

    def test_a_call_that_was_placed_is_found(
        self, provider: VoiceProvider, accepted: CallAccepted, request_: CallRequest
    ) -> None:
        found = provider.find(request_, sent_at=datetime.now(UTC))
        assert isinstance(found, CallFound)
        assert found.provider_call_id

    def test_a_call_only_moves_forward_and_ends_once(self, events: Sequence[VoiceEvent]) -> None:
        ranks = [event.status.role.rank for event in events]
        assert ranks == sorted(set(ranks))
        assert [event.status for event in events if event.status in CALL_FINAL] == [
            events[-1].status
        ]
        assert all(event.status in CALL_LIVE for event in events[:-1])

    def test_every_event_says_which_call_it_is_about_and_when_it_happened(
        self, events: Sequence[VoiceEvent], call: CallReference
    ) -> None:
        assert {event.provider_call_id for event in events} == {call.provider_call_id}
        assert all(event.occurred_at.tzinfo is not None for event in events)
        instants = [event.occurred_at for event in events]
        assert instants == sorted(instants)

    def test_every_event_keeps_the_word_of_the_provider(self, events: Sequence[VoiceEvent]) -> None:
        assert all(event.raw_status for event in events)
        assert all(event.answered_by in {"", *AnsweredBy.values} for event in events)

    def test_an_event_keeps_its_key_when_it_is_sent_again(
        self,
        provider: VoiceProvider,
        call: CallReference,
        accepted: CallAccepted,
        events: Sequence[VoiceEvent],
    ) -> None:
        again = self.events_of(provider, call, accepted)
        assert list(again) == list(events)
        assert len({event.event_key for event in events}) == len(events)

    def test_keys_of_different_calls_differ(
        self, provider: VoiceProvider, events: Sequence[VoiceEvent]
    ) -> None:
        request = self.request_with()
        accepted = provider.place(request)
        other = CallReference(provider_call_id=accepted.provider_call_id, request=request)
        keys = {event.event_key for event in self.events_of(provider, other, accepted)}
        assert keys.isdisjoint(event.event_key for event in events)

    def test_a_finished_call_is_written_up_and_a_live_one_is_not(
        self, events: Sequence[VoiceEvent]
    ) -> None:
        assert all(event.details is None for event in events[:-1])
        details = events[-1].details
        assert details is not None
        assert details.duration_seconds > 0
        assert details.disposition in Disposition.values
        assert isinstance(details.price, Decimal)
        assert len(details.currency) == 3
        assert details.variables["customer_name"] == "Emily"

    def test_a_transcript_is_spoken_in_turns_within_the_call(
        self, events: Sequence[VoiceEvent]
    ) -> None:
        details = events[-1].details
        assert details is not None
        assert {turn.speaker for turn in details.transcript} == {"agent", "callee"}
        assert all(turn.text.strip() == turn.text != "" for turn in details.transcript)
        times = [turn.at_seconds for turn in details.transcript]
        assert times == sorted(times)
        assert times[0] >= 0
        assert times[-1] < details.duration_seconds

    def test_nothing_more_is_heard_of_a_call_that_has_ended(
        self, provider: VoiceProvider, call: CallReference, events: Sequence[VoiceEvent]
    ) -> None:
        end = events[-1].occurred_at
        pulled = provider.pull(call, after=end, until=end + timedelta(days=1))
        assert pulled.next_event_at is None
        # A provider without a history says once more how the call ended.
        assert list(pulled.events) in ([], [events[-1]])

    def test_a_call_that_has_ended_cannot_be_stopped_and_that_is_no_error(
        self, provider: VoiceProvider, call: CallReference, events: Sequence[VoiceEvent]
    ) -> None:
        later = events[-1].occurred_at + timedelta(days=1)
        for hang_up in (False, True):
            pulled = provider.stop(call, hang_up=hang_up, now=later)
            assert pulled.next_event_at is None
            assert pulled.events[-1] == events[-1]
