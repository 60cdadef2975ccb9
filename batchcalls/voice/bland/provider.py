"""Place calls with Bland AI. Source: Bland API, calls and webhooks (state of August 2026)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any, ClassVar
from urllib.parse import quote

from batchcalls.net import http
from batchcalls.states import CALL_FINAL, CallStatus
from batchcalls.voice import credentials
from batchcalls.voice.base import (
    AccountConfig,
    CallAccepted,
    CallReference,
    CallRequest,
    CannotTell,
    ConnectionReport,
    ListedCall,
    Lookup,
    Origin,
    Pulled,
    Voice,
    VoiceEvent,
    VoiceProvider,
    always,
)
from batchcalls.voice.bland import calls, connection, listing, lookup, reading, voices
from batchcalls.voice.bland.answers import Judge
from batchcalls.voice.bland.options import BlandOptions
from batchcalls.voice.bland.payload import send_call
from batchcalls.voice.errors import (
    NotPlaced,
    OptionsInvalid,
    OutcomeUnknown,
    VoiceError,
    WebhookRefused,
    WebhookUnreadable,
)
from batchcalls.voice.signing import is_signed
from campaigns.call_settings import secrets_in

DEFAULT_BASE_URL = "https://api.bland.ai"
SIGNATURE_HEADER = "x-webhook-signature"

#: Parameters of a call that its webhooks need not repeat.
_OF_THE_REQUEST = frozenset({"tools", "dynamic_data"})

RECONNECT_SECONDS = 5.0
#: When to poll for the end of a stopped call.
AFTER_STOP = timedelta(seconds=2)
_USER_AGENT = f"batchcalls/{version('batchcalls')}"


class BlandProvider(VoiceProvider):
    """A client of the Bland API.

    Options: see `BlandOptions`. Key, address and webhook secrets come from the environment, see
    `credentials.read`. Events come by signed webhooks if a secret is set and the provider can
    reach our address safely; otherwise, and for silent calls, we poll.
    """

    kind: ClassVar[str] = "bland"
    label: ClassVar[str] = "Bland AI"
    sends_webhooks: ClassVar[bool] = True
    options_type: ClassVar[type[BlandOptions]] = BlandOptions

    def __init__(self, config: AccountConfig) -> None:
        """Validate options and environment; raise `OptionsInvalid` that names what is wrong."""
        super().__init__(config)
        self.options = BlandOptions.parse(config.options)
        prefix = self.options.credentials
        known = credentials.read(prefix, default_base_url=DEFAULT_BASE_URL)
        self._webhook_secrets = known.webhook_secrets
        # The provider accepts HTTPS only; a stand-in on this machine may use HTTP.
        reachable = config.webhook_url.startswith("https://") or known.is_loopback
        self._webhook_url = config.webhook_url if known.webhook_secrets and reachable else ""
        self._judge = Judge(label=self.label, prefix=prefix, api_key=known.api_key)
        self._headers = {"authorization": known.api_key, "user-agent": _USER_AGENT}
        self._known = known
        self._http = http.client(
            known.base_url,
            connect_timeout=self.options.connect_timeout_seconds,
            read_timeout=self.options.read_timeout_seconds,
            connections=self.options.connections,
        )
        self._latest: tuple[http.HttpAnswer, datetime] | None = None

    @classmethod
    def environment(cls, options: Mapping[str, Any]) -> Sequence[credentials.Variable]:
        """Return the variables for key, address and webhook secrets, and which of them are set."""
        try:
            return credentials.variables(BlandOptions.parse(options).credentials)
        except OptionsInvalid:
            return ()

    @classmethod
    def ignored(cls, names: Collection[str]) -> Sequence[str]:
        """Return what a pathway replaces. Source: Bland API, Send Call, ``pathway_id``."""
        replaced = ("model", "tools", "custom_tools", "transfer_phone_number", "transfer_list")
        return [name for name in replaced if name in names] if "pathway_id" in names else ()

    @property
    def clock_ahead_seconds(self) -> float | None:
        """How far this host's clock is ahead of the provider's, by the latest answer's Date."""
        if self._latest is None:
            return None
        answer, received_at = self._latest
        return None if answer.date is None else (received_at - answer.date).total_seconds()

    def check_connection(self) -> ConnectionReport:
        """Look up the key's owner; raise `AccountRefused`, `NotPlaced` or `OutcomeUnknown`."""
        return connection.check(
            self._known,
            headers=self._headers,
            options=self.options,
            judge=self._judge,
            label=self.label,
        )

    def list_voices(self) -> Sequence[Voice]:
        """Return the account's voices; raise `NotPlaced` or `OutcomeUnknown`."""
        answer = self._send("GET", voices.PATH, client=self._brief)
        return voices.voices_in(self._payload(answer))

    @property
    def _brief(self) -> http.HttpClient:
        """A client that gives up while a person still waits."""
        return http.client(
            self._known.base_url,
            connect_timeout=min(
                self.options.connect_timeout_seconds, connection.LONGEST_WAIT_SECONDS
            ),
            read_timeout=min(self.options.read_timeout_seconds, connection.LONGEST_WAIT_SECONDS),
            connections=connection.CONNECTIONS,
        )

    # Placing -------------------------------------------------------------------------------------

    def place(self, request: CallRequest, *, may_send: Callable[[], None] = always) -> CallAccepted:
        """Start one call, once.

        Raise `NotPlaced` or a subclass, `CallRejected`, or, whenever a call may exist,
        `OutcomeUnknown`.
        """
        body = json.dumps(send_call(request, webhook_url=self._webhook_url))
        answer = self._send("POST", "/v1/calls", body=body.encode(), before_sending=may_send)
        said = self._judge.read(answer, hide=secrets_in(request.settings))
        now = datetime.now(UTC)
        call_id, is_success = calls.call_id_of(said.payload), 200 <= answer.status < 300
        if not call_id and (said.is_error or not is_success):
            raise self._judge.refusal(answer, said, now=now)
        if not call_id:
            raise OutcomeUnknown(
                f"{self.label} answered {answer.status} and did not say which call it made.",
                code="answer_unreadable",
            )
        if said.is_error or not is_success:
            raise OutcomeUnknown(
                f"{self.label} answered {answer.status} and yet named a call, {call_id}.",
                code="answer_contradictory",
            )
        return CallAccepted(provider_call_id=call_id, next_event_at=now + self._wait)

    @property
    def _wait(self) -> timedelta:
        """How long to wait for webhooks before polling."""
        seconds = self.options.silence_seconds if self._webhook_url else self.options.poll_seconds
        return timedelta(seconds=seconds)

    @property
    def _patience(self) -> timedelta:
        """How long after a request its call may still be missing from lists."""
        return timedelta(
            seconds=max(self.options.absent_after_seconds, self.options.longest_request_seconds)
        )

    def find(
        self, request: CallRequest, *, sent_at: datetime, since: datetime | None = None
    ) -> Lookup:
        """Return whether the call exists by searching the calls to its number; never raise."""
        try:
            return lookup.find(
                request,
                since=since or sent_at,
                sent_at=sent_at,
                now=datetime.now(UTC),
                absent_after=self._patience,
                list_page=self._list_page,
                details=self._details,
            )
        except VoiceError as error:
            return CannotTell(str(error))

    def list_calls(self, *, since: datetime, until: datetime) -> Sequence[ListedCall]:
        """Return the account's calls; raise `NotPlaced` or `OutcomeUnknown`."""
        return listing.list_calls(
            since=since,
            until=until,
            now=datetime.now(UTC),
            absent_after=self._patience,
            list_page=self._list_page,
        )

    def origin_of(self, provider_call_id: str) -> Origin:
        """Return what the call's metadata says; raise `NotPlaced` or `OutcomeUnknown`."""
        return calls.origin_of(self._details(provider_call_id))

    # Following -----------------------------------------------------------------------------------

    def pull(self, call: CallReference, *, after: datetime | None, until: datetime) -> Pulled:
        """Return the current state of the call as an event; the provider keeps no history.

        Raise `NotPlaced` if the request can be retried, and `OutcomeUnknown` if it cannot.
        """
        return self._pulled(self._event(call), again_at=until + self._wait)

    def stop(self, call: CallReference, *, hang_up: bool, now: datetime) -> Pulled:
        """Withdraw a call in the provider's queue; with ``hang_up``, also end one in progress."""
        details = self._details(call.provider_call_id)
        event = calls.event_of(details, now=now)
        if event.status in CALL_FINAL or not (hang_up or calls.is_waiting(details)):
            return self._pulled(event, again_at=now + self._wait)
        answer = self._send("POST", f"{_path(call.provider_call_id)}/stop", body=b"{}")
        said = self._judge.read(answer)
        # "SID not found": there is no line to hang up, because the call is over or not yet dialed.
        gone = "sid not found" in said.message.lower()
        if not gone and (answer.status >= 300 or said.is_error):
            raise self._judge.failure(answer, said, now=now)
        return self._pulled(self._event(call), again_at=now + AFTER_STOP)

    def _event(self, call: CallReference) -> VoiceEvent:
        return calls.event_of(self._details(call.provider_call_id))

    @staticmethod
    def _pulled(event: VoiceEvent, *, again_at: datetime) -> Pulled:
        return Pulled(
            events=[] if event.status is CallStatus.UNKNOWN else [event],
            next_event_at=None if event.status in CALL_FINAL else again_at,
        )

    # Webhooks ------------------------------------------------------------------------------------

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
        """Return the payload of a webhook that one of our secrets signed.

        Raise `WebhookRefused` for any other webhook and when no secret is set; `WebhookUnreadable`
        when the body is not a JSON object.
        """
        if not self._webhook_secrets:
            raise WebhookRefused(
                f"No webhook secret is set: set {self.options.credentials}_WEBHOOK_SECRET."
            )
        signature = headers.get(SIGNATURE_HEADER, "")
        if not signature:
            raise WebhookRefused(f"The header {SIGNATURE_HEADER} is missing.")
        if not is_signed(body, signature, secrets=self._webhook_secrets):
            raise WebhookRefused("None of the webhook secrets made this signature.")
        try:
            payload = reading.parse(body)
        except reading.NotJson as error:
            raise WebhookUnreadable(f"The body is not JSON ({error}).") from None
        if not isinstance(payload, dict):
            raise WebhookUnreadable("The body is not a JSON object.")
        # Webhooks are stored. These parts of a call may hold secrets, and tell nothing new.
        return {name: value for name, value in payload.items() if name not in _OF_THE_REQUEST}

    def event_of(self, payload: Mapping[str, Any]) -> VoiceEvent:
        """Return the event in a webhook; raise `WebhookUnreadable` when it names no call."""
        return calls.event_of(payload)

    # Requests ------------------------------------------------------------------------------------

    def _details(self, call_id: str) -> Mapping[str, Any]:
        """Fetch one call, which must exist because its id came from the provider."""
        call = self._payload(self._send("GET", _path(call_id)), missing_code="call_missing")
        if calls.call_id_of(call) != call_id:
            raise OutcomeUnknown(
                f"{self.label} was asked about one call and told of another, or of none.",
                code="answer_unreadable",
            )
        return call

    def _list_page(self, path: str) -> tuple[Mapping[str, Any], datetime | None]:
        """Fetch a page of a list; return it with the provider's time."""
        answer = self._send("GET", path)
        return self._payload(answer), answer.date

    def _payload(
        self, answer: http.HttpAnswer, *, missing_code: str = "not_found"
    ) -> Mapping[str, Any]:
        """Return an answer's JSON object; raise `NotPlaced` or `OutcomeUnknown`."""
        said = self._judge.read(answer)
        if answer.status < 300 and said.understood and not said.is_error:
            return said.payload
        if answer.status < 300 and not said.understood:
            raise OutcomeUnknown(
                f"{self.label} answered {answer.status} without a JSON object.",
                code="answer_unreadable",
            )
        if answer.status == 404 and said.is_error:
            raise OutcomeUnknown(f"{self.label}: {said.message or 'not found'}", code=missing_code)
        raise self._judge.failure(answer, said, now=datetime.now(UTC))

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        before_sending: Callable[[], None] | None = None,
        client: http.HttpClient | None = None,
    ) -> http.HttpAnswer:
        headers = self._headers
        if body is not None:
            headers = {**headers, "content-type": "application/json"}
        try:
            answer = (client or self._http).request(
                method, path, headers=headers, body=body, before_sending=before_sending
            )
        except http.NotSent as error:
            raise NotPlaced(
                f"No connection to {self.label}: {error}.",
                code="connection_failed",
                retry_after_seconds=RECONNECT_SECONDS,
            ) from None
        except http.AnswerLost as error:
            raise OutcomeUnknown(
                f"The answer of {self.label} was lost: {error}.", code="answer_lost"
            ) from None
        self._latest = answer, datetime.now(UTC)
        return answer


def _path(call_id: str) -> str:
    return f"/v1/calls/{quote(call_id, safe='')}"
