"""The contract between dispatch and a voice provider."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
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
    """One attempt to call one recipient, with every text rendered.

    ``to`` and ``from_number`` are E.164. ``settings`` holds canonical call settings (names of
    `campaigns.call_settings`). ``attempt`` counts from 1. ``tries`` is how often the provider has
    answered this attempt with "not now". ``correlation_id`` is ours and is sent with the call, so
    that we can ask the provider about the call if its answer is lost. ``batch_id`` is sent along
    too: it says whose call it was if our database forgot the call.
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
    batch_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAccepted:
    """The provider accepted the call. ``next_event_at``: when to poll, unless an event came.

    Without it, an open call is polled after half a minute.
    """

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
    """The details of a finished call. Lengths in seconds, money in ``currency``."""

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

    ``correlation_id`` is ours, if the provider returned it: it links an event to its call even
    when the event overtakes the answer to placing the call. ``batch_id`` and ``to`` (E.164) say
    whose call it is if our database forgot it. ``status`` is ``unknown`` if the event says nothing
    about the call's progress. ``answered_by`` is blank until someone or something could pick up.
    """

    event_key: str
    provider_call_id: str
    status: CallStatus
    raw_status: str
    occurred_at: datetime
    correlation_id: UUID | None = None
    batch_id: UUID | None = None
    to: str = ""
    answered_by: str = ""
    details: CallDetails | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReference:
    """A placed call with its request."""

    provider_call_id: str
    request: CallRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """New events, in the order the provider sends them, and when to poll again."""

    events: Sequence[VoiceEvent]
    next_event_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFound:
    """The provider has a call with this correlation id."""

    provider_call_id: str
    next_event_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallAbsent:
    """A definite no: the provider never created such a call."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The provider could not answer; the call may or may not exist."""

    reason: str


Lookup = CallFound | CallAbsent | CannotTell


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCall:
    """An outbound call in the provider's list. Numbers are E.164; ``from_number`` may be blank."""

    provider_call_id: str
    to: str
    created_at: datetime
    from_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a call says about who placed it.

    Our ids are None if the call is not ours. ``is_known`` is False if the call does not say who
    placed it, so that it may be ours.
    """

    correlation_id: UUID | None = None
    batch_id: UUID | None = None
    is_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """The result of a connection test, which places no call; never contains a key.

    ``sentence`` is for people. ``warning`` names a problem that may prevent calls although the
    provider answered, with the remedy. ``address`` is the server that answered, blank if none was
    needed. ``status`` is the provider's own word; ``balance`` is in ``currency``, None if unknown.
    """

    sentence: str
    warning: str = ""
    address: str = ""
    status: str = ""
    balance: Decimal | None = None
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A voice that the call setting `voice` can name."""

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountConfig:
    """The settings of a voice account that a provider needs. Prices in ``currency``.

    ``webhook_url`` is where the provider can send us events, if it sends webhooks.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    price_per_minute: Decimal = Decimal("0")
    price_per_attempt: Decimal = Decimal("0")
    currency: str = "USD"
    webhook_url: str = ""


def always() -> None:
    """Let every request be sent; the default for ``may_send``."""


class ProviderOptions(Protocol):
    """The validated options of an account."""

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """Validate the options; raise `OptionsInvalid` that names the option and the remedy."""


class VoiceProvider(ABC):
    """One way to place calls. Instances are shared by threads and hold no per-call state.

    The engine polls for events with `pull` at the times that the provider names. A provider that
    also sends webhooks names later times, so that `pull` is only for calls that stay silent.
    """

    kind: ClassVar[str]
    label: ClassVar[str]
    #: False for a provider that rings no real phones.
    dials_people: ClassVar[bool] = True
    #: True for a provider that sends events to ``AccountConfig.webhook_url``.
    sends_webhooks: ClassVar[bool] = False
    #: Voices that every account has.
    built_in_voices: ClassVar[Sequence[Voice]] = ()
    #: A dataclass whose fields come from `options.option`, with ``parse``.
    options_type: ClassVar[type[ProviderOptions]]

    def __init__(self, config: AccountConfig) -> None:
        """Store the account's configuration; raise `OptionsInvalid` that names what is wrong."""
        self.config = config

    @classmethod
    def environment(cls, options: Mapping[str, Any]) -> Sequence[Variable]:
        """Return the environment variables read for these options, without their values.

        Empty for unusable options.
        """
        return ()

    @classmethod
    def ignored(cls, names: Collection[str]) -> Sequence[str]:
        """Return which of these parameters of one call, by canonical name, have no effect."""
        return ()

    @property
    def keeps_waiting(self) -> bool:
        """True when requests wait on the network, so that running them in parallel saves time."""
        return True

    @property
    def clock_ahead_seconds(self) -> float | None:
        """How far this host's clock is ahead of the provider's, by its latest answer.

        Negative when it is behind; None when no answer named a time.
        """
        return None

    @abstractmethod
    def check_connection(self) -> ConnectionReport:
        """Test whether credentials and address work, without placing a call, while a person waits.

        Raise one of `voice.errors` whose text says what is wrong and the remedy.
        """

    @abstractmethod
    def place(self, request: CallRequest, *, may_send: Callable[[], None] = always) -> CallAccepted:
        """Start one call, once. Raise one of `voice.errors`; never repeat the request.

        Call ``may_send`` once, right before the first byte leaves: after waiting for a connection
        and opening it. It may wait. If it raises, send nothing and let its exception through.
        """

    @abstractmethod
    def find(
        self, request: CallRequest, *, sent_at: datetime, since: datetime | None = None
    ) -> Lookup:
        """Look up the call with ``request.correlation_id``, sent at ``sent_at``.

        If the time of sending is not known, ``sent_at`` is the latest and ``since`` the earliest
        possible one. ``request`` must equal the one that was placed, including ``attempt`` and
        ``tries``.
        """

    @abstractmethod
    def pull(self, call: CallReference, *, after: datetime | None, until: datetime) -> Pulled:
        """Return the events of a call that were sent in (after, until], in the order of sending.

        An event may be sent later than it occurred. A provider that knows only the current state of
        a call returns that as an event. Raise one of `voice.errors` when the state is unavailable.
        """

    @abstractmethod
    def stop(self, call: CallReference, *, hang_up: bool, now: datetime) -> Pulled:
        """Withdraw a call that has not begun; with ``hang_up``, end it even if it has.

        Return the end of the call, or when to poll for it. It is not an error if the call had
        begun or was over. Raise one of `voice.errors` when the provider could not be reached.
        """

    def list_voices(self) -> Sequence[Voice]:
        """Return the voices to choose from, while a person waits; raise one of `voice.errors`."""
        return self.built_in_voices

    def list_calls(self, *, since: datetime, until: datetime) -> Sequence[ListedCall] | CannotTell:
        """Return all outbound calls of the account that were created in [since, until], or more.

        `CannotTell` means that this provider cannot list its calls. Raise one of `voice.errors`
        when the list is incomplete now: `NotPlaced` when it can be read later, for example because
        it may still lack the newest calls.
        """
        return CannotTell(f"{self.label} cannot list its calls.")

    def origin_of(self, provider_call_id: str) -> Origin:
        """Return who placed a listed call. Raise one of `voice.errors` when that is unavailable."""
        return Origin(is_known=False)

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
        """Return the payload of a webhook that is verifiably the provider's.

        ``headers`` has lower-case names. Raise `WebhookRefused` when the sender cannot be verified
        or this provider sends no webhooks; `WebhookUnreadable` when the webhook differs from the
        provider's documentation.
        """
        raise WebhookRefused(f"{self.label} sends no webhooks.")

    def event_of(self, payload: Mapping[str, Any]) -> VoiceEvent:
        """Return the event in a payload from `read_webhook`; raise `WebhookUnreadable`."""
        raise WebhookUnreadable(f"{self.label} sends no webhooks.")
