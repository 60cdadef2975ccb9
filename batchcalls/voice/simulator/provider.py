"""Place calls with a simulated carrier."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import structlog

from batchcalls.states import CALL_FINAL, CallStatus
from batchcalls.voice.base import (
    AccountConfig,
    CallAbsent,
    CallAccepted,
    CallDetails,
    CallFound,
    CallReference,
    CallRequest,
    ConnectionReport,
    Lookup,
    Pulled,
    Voice,
    VoiceEvent,
    VoiceProvider,
    always,
)
from batchcalls.voice.errors import CallRejected, OutcomeUnknown, ProviderThrottled, VoiceError
from batchcalls.voice.handled_here import HANDLED_HERE
from batchcalls.voice.simulator.course import Course
from batchcalls.voice.simulator.details import details_of
from batchcalls.voice.simulator.options import SimulatorOptions
from batchcalls.voice.simulator.outcomes import Answer
from batchcalls.voice.simulator.timeline import Stage, instant, make_call_id, read_call_id
from campaigns.call_settings import REGISTRY

#: The parameters that a simulated call follows, and those whose effect it has anyway.
FOLLOWED = frozenset(
    {
        *("phone_number", "from", "task", "request_data", "metadata", "campaign_id", "timezone"),
        *("first_sentence", "wait_for_greeting", "max_duration", "voicemail"),
        *("dispositions", "analysis_schema", "answered_by_enabled", "amd"),
    }
)

log: Any = structlog.get_logger(__name__)

#: Wait after throttling: one second at normal speed, and never less than this at high speed.
SHORTEST_WAIT_SECONDS = 0.05


class SimulatorProvider(VoiceProvider):
    """A stateless carrier: everything follows from the call id, the request and a seed.

    Options: see `SimulatorOptions`. Numbers that force an ending: see `outcomes.FORCED_ENDINGS`.
    """

    kind: ClassVar[str] = "simulator"
    label: ClassVar[str] = "Simulator (no real calls)"
    dials_people: ClassVar[bool] = False
    options_type: ClassVar[type[SimulatorOptions]] = SimulatorOptions
    built_in_voices: ClassVar[Sequence[Voice]] = tuple(
        Voice(name=name) for name in ("Alexa", "Derek", "June", "Maya", "Nat", "Paige", "Ryan")
    )

    def __init__(self, config: AccountConfig) -> None:
        """Validate the options; raise `OptionsInvalid` that names what is wrong."""
        super().__init__(config)
        self.options = SimulatorOptions.parse(config.options)

    @classmethod
    def ignored(cls, names: Collection[str]) -> Sequence[str]:
        """Return the parameters that change nothing about a simulated call."""
        known = FOLLOWED.union(HANDLED_HERE)
        return [name for name in REGISTRY if name in names and name not in known]

    @property
    def keeps_waiting(self) -> bool:
        """True when the options ask for latency."""
        return self.options.latency_seconds > 0

    def check_connection(self) -> ConnectionReport:
        """Report that no connection is needed, and which options prevent calls."""
        options = self.options
        hopeless = {
            "reject_rate": "every call is rejected",
            "throttle_rate": "no call is ever accepted",
        }
        warnings = [
            f"As the option {name} is 1, {what}."
            for name, what in hopeless.items()
            if getattr(options, name) == 1
        ]
        return ConnectionReport(
            sentence="The simulator is part of this program: there is no connection to test, it "
            "needs no credentials, and no real phone rings.",
            warning=" ".join(warnings),
        )

    def place(self, request: CallRequest, *, may_send: Callable[[], None] = always) -> CallAccepted:
        """Start one call; raise `CallRejected`, `ProviderThrottled` or `OutcomeUnknown`."""
        course = Course(request, self.options)
        may_send()
        started_at = datetime.now(UTC)
        if course.plan.answer.call_exists:
            # The carrier's own record, written when the call reaches it and before it answers, so
            # that tests can detect a caller that dies in between. It contains no phone number.
            log.info(
                "simulator.call_placed",
                correlation_id=str(request.correlation_id),
                attempt=request.attempt,
            )
        if self.options.latency_seconds:
            time.sleep(self.options.latency_seconds)
        if course.plan.answer is not Answer.ACCEPTED:
            raise self._refusal(course.plan.answer)
        call_id = make_call_id(started_at, request.correlation_id)
        return CallAccepted(
            provider_call_id=call_id, next_event_at=self._first_event_at(course, call_id)
        )

    def find(
        self, request: CallRequest, *, sent_at: datetime, since: datetime | None = None
    ) -> Lookup:
        """Return whether the call exists; it is absent if exactly this request was refused or lost.

        ``request`` must equal the placed one, including ``attempt`` and ``tries``. The carrier has
        no memory, so a request that never arrived looks like an accepted one. "Found" is then the
        only answer that can never call someone twice; the call it names runs from ``sent_at``.
        """
        course = Course(request, self.options)
        if not course.plan.answer.call_exists:
            return CallAbsent()
        call_id = make_call_id(sent_at, request.correlation_id)
        return CallFound(
            provider_call_id=call_id, next_event_at=self._first_event_at(course, call_id)
        )

    def pull(self, call: CallReference, *, after: datetime | None, until: datetime) -> Pulled:
        """Return the events in (after, until]; raise `ValueError` for an id that is not ours.

        1. The id tells when the call began; seed, number and attempt determine its course.
        2. The end is computed only when the step before it is due.
        3. A backwards call sends all its events at its end, the last one first.
        """
        call_id = call.provider_call_id
        started_at, correlation_hex = read_call_id(call_id)
        if correlation_hex != call.request.correlation_id.hex:
            raise ValueError(f"Call {call_id} was not placed with the request given for it.")
        course = Course(call.request, self.options)
        stages = list(course.before_end)
        if course.plan.backwards or until >= self._instant(started_at, stages[-1]):
            stages.append(course.finish())
        occurred = [self._instant(started_at, stage) for stage in stages]
        sent = occurred
        if course.plan.backwards:
            stages.reverse()
            occurred.reverse()
            sent = [occurred[0]] * len(occurred)
        events: list[VoiceEvent] = []
        for stage, occurred_at, sent_at in zip(stages, occurred, sent, strict=True):
            if sent_at <= until and (after is None or sent_at > after):
                event = self._event(course, call_id, stage, occurred_at)
                events += [event, event] if course.plan.duplicated else [event]
        return Pulled(events=events, next_event_at=next((at for at in sent if at > until), None))

    def stop(self, call: CallReference, *, hang_up: bool, now: datetime) -> Pulled:
        """End a call, unless it is over or, without ``hang_up``, already ringing.

        The carrier has no memory: only the returned event records the end.
        """
        pulled = self.pull(call, after=None, until=now)
        last = max(pulled.events, key=lambda event: event.status.role.rank, default=None)
        if last is not None and (last.status in CALL_FINAL or not hang_up):
            return pulled
        canceled = VoiceEvent(
            event_key=f"{call.provider_call_id}:{CallStatus.CANCELED.value}",
            provider_call_id=call.provider_call_id,
            status=CallStatus.CANCELED,
            raw_status="stopped",
            occurred_at=now,
            answered_by=last.answered_by if last else "",
        )
        return Pulled(events=[*pulled.events, canceled], next_event_at=None)

    def _event(
        self, course: Course, call_id: str, stage: Stage, occurred_at: datetime
    ) -> VoiceEvent:
        details: CallDetails | None = None
        if stage.status in CALL_FINAL:
            details = details_of(course, call_id=call_id, config=self.config)
        return VoiceEvent(
            event_key=f"{call_id}:{stage.status.value}",
            provider_call_id=call_id,
            status=stage.status,
            raw_status=stage.raw_status,
            occurred_at=occurred_at,
            answered_by=stage.answered_by,
            details=details,
        )

    def _first_event_at(self, course: Course, call_id: str) -> datetime:
        """Return when the first event of a call is sent."""
        # From the id, not the clock: the id has only milliseconds, and `pull` reads the id.
        started_at = read_call_id(call_id).started_at
        first = course.finish() if course.plan.backwards else course.before_end[0]
        return self._instant(started_at, first)

    def _instant(self, started_at: datetime, stage: Stage) -> datetime:
        return instant(started_at, stage.at_seconds, self.options.speed)

    def _refusal(self, answer: Answer) -> VoiceError:
        """Return the error that the caller gets instead of an acceptance."""
        if answer is Answer.REJECTED:
            return CallRejected("The simulated carrier rejected this call.", code="rejected")
        if answer is Answer.THROTTLED:
            speed = self.options.speed
            return ProviderThrottled(
                "The simulated carrier asks to slow down.",
                code="throttled",
                retry_after_seconds=max(SHORTEST_WAIT_SECONDS, 1 / max(speed, 1) if speed else 0),
            )
        # One text and one code on purpose: the caller cannot know whether there is a call.
        return OutcomeUnknown("The simulated carrier's answer was lost.", code="answer_lost")
