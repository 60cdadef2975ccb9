"""The contract between dispatch and a voice provider."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol, Self
from uuid import UUID

from batchcalls.states import CallStatus
from batchcalls.voice.credentials import Variable
from batchcalls.voice.errors import WebhookRefused, WebhookUnreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """One attempt at one recipient, ready to be said: every text is rendered.

    ``to`` and ``from_number`` are E.164. ``settings`` holds canonical call settings (names of
    `campaigns.call_settings`). ``attempt`` counts from 1. ``tries`` is how often the provider
    answered this very attempt with "not now" before. ``correlation_id`` is ours and travels with
    the call, so that the provider can be asked about it when its answer was lost.
    """

    correlation_id: UUID
    to: str
    from_number: str = ""
    prompt: str = ""
    pathway_id: str = ""
    pathway_version: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAccepted:
    """The provider took the call. ``next_event_at``: when to ask for news, unless some came."""

    provider_call_id: str
    next_event_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One utterance; ``speaker`` is ``agent`` or ``callee``, ``at_seconds`` counts from answer."""

    speaker: str
    text: str
    at_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDetails:
    """What is known of a finished call. Lengths in seconds, money in ``currency``."""

    duration_seconds: int = 0
    transcript: Sequence[Turn] = ()
    summary: str = ""
    disposition: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    extracted: Mapping[str, Any] = field(default_factory=dict)
    recording_url: str = ""
    price: Decimal | None = None
    currency: str = "USD"
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceEvent:
    """Evidence about one call. ``event_key`` is the same whenever the same event is sent again.

    ``correlation_id`` is ours, where the provider sent it along: by it an event finds its call
    even when it overtakes the answer to placing it. ``status`` is ``unknown`` for evidence that
    says nothing of the call's progress. ``answered_by`` is blank as long as, or because, nobody
    and nothing could pick up.
    """

    event_key: str
    provider_call_id: str
    status: CallStatus
    raw_status: str
    occurred_at: datetime
    correlation_id: UUID | None = None
    answered_by: str = ""
    details: CallDetails | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReference:
    """A call that was placed, with the request it was placed with."""

    provider_call_id: str
    request: CallRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """Events that became known, in the order the provider sends them; when to ask again."""

    events: Sequence[VoiceEvent]
    next_event_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFound:
    """The provider knows a call with that correlation id."""

    provider_call_id: str
    next_event_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallAbsent:
    """A definite no: the provider never made such a call."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The provider could not answer; this says nothing about the call."""

    reason: str


Lookup = CallFound | CallAbsent | CannotTell


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """What a provider says of an account when it is asked without a call; never a key.

    ``sentence`` is for people. ``warning`` is what may keep calls from being placed although the
    provider answered, with the remedy. ``address`` is who was asked: blank when nobody had to be.
    ``status`` is the provider's own word; ``balance`` is in ``currency``, None when not told.
    """

    sentence: str
    warning: str = ""
    address: str = ""
    status: str = ""
    balance: Decimal | None = None
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountConfig:
    """What a provider needs to know of a voice account. Prices in ``currency``.

    ``webhook_url`` is where the provider can send events to us, for a provider that does.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    price_per_minute: Decimal = Decimal("0")
    price_per_attempt: Decimal = Decimal("0")
    currency: str = "USD"
    webhook_url: str = ""


class ProviderOptions(Protocol):
    """The checked options of an account."""

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """Check what the account says; raise `OptionsInvalid` naming the option and the remedy."""


class VoiceProvider(ABC):
    """One way to place calls. Instances are shared by threads and hold no per-call state.

    News of calls is fetched with `pull` at the times that the provider names; a provider that
    also sends webhooks names later ones, and `pull` is then for calls that stay silent.
    """

    kind: ClassVar[str]
    label: ClassVar[str]
    #: False for a provider at which no real phone rings.
    dials_people: ClassVar[bool] = True
    #: True for a provider that sends events to ``AccountConfig.webhook_url``.
    sends_webhooks: ClassVar[bool] = False
    #: A dataclass of fields made by `options.option`, with ``parse``.
    options_type: ClassVar[type[ProviderOptions]]

    def __init__(self, config: AccountConfig) -> None:
        """Take the account's configuration; raise `OptionsInvalid` naming what is wrong."""
        self.config = config

    @classmethod
    def environment(cls, options: Mapping[str, Any]) -> Sequence[Variable]:
        """Say which environment variables an account with these options reads, never their values.

        Options that cannot be used name none.
        """
        return ()

    @property
    def keeps_waiting(self) -> bool:
        """True when asking takes time in which others could be asked."""
        return True

    @abstractmethod
    def check_connection(self) -> ConnectionReport:
        """Ask whether credentials and address work, without a call; a person waits meanwhile.

        Raise one of `voice.errors`, whose text then says what is wrong and the remedy.
        """

    @abstractmethod
    def place(self, request: CallRequest) -> CallAccepted:
        """Start one call, once. Raise one of `voice.errors`; never repeat the request."""

    @abstractmethod
    def find(self, request: CallRequest, *, sent_at: datetime) -> Lookup:
        """Say whether the call with ``request.correlation_id``, sent about then, exists.

        ``request`` is exactly the one that was placed, ``attempt`` and ``tries`` included.
        """

    @abstractmethod
    def pull(self, call: CallReference, *, after: datetime | None, until: datetime) -> Pulled:
        """Return the events of a call that were sent in (after, until], in the order of sending.

        An event may be sent later than it occurred. A provider that knows only how a call stands
        now returns that as an event. Raise one of `voice.errors` when it cannot be told.
        """

    @abstractmethod
    def stop(self, call: CallReference, *, hang_up: bool, now: datetime) -> Pulled:
        """Withdraw a call that has not begun; with ``hang_up``, end it even if it has.

        Return what became known by that: the end of the call, or when to ask for it. A call that
        went on, because it had begun or was over, is no error. Raise one of `voice.errors` when
        the provider could not be told.
        """

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
        """Return the payload of a webhook that certainly is the provider's.

        ``headers`` has lower-case names. Raise `WebhookRefused` when that is not certain, or when
        this provider sends none; `WebhookUnreadable` when it is not what the provider documents.
        """
        raise WebhookRefused(f"{self.label} sends no webhooks.")

    def event_of(self, payload: Mapping[str, Any]) -> VoiceEvent:
        """Return what a payload that `read_webhook` accepted says; raise `WebhookUnreadable`."""
        raise WebhookUnreadable(f"{self.label} sends no webhooks.")
