"""Interpret the provider's refusals: does a call exist, is a retry safe, who has to act?

Source: Bland API, Send Call (errors) and billing (limits). Each rule is one line of a table; the
first match decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from batchcalls.net import http
from batchcalls.net.http import HttpAnswer
from batchcalls.voice.bland import reading
from batchcalls.voice.errors import (
    AccountRefused,
    CallRejected,
    OutcomeUnknown,
    ProviderThrottled,
    VoiceError,
)

LONGEST_MESSAGE = 300
LONGEST_WAIT_SECONDS = 3_600.0
#: A wait of zero would cause a busy loop.
SHORTEST_WAIT_SECONDS = 0.5
ACCOUNT_WAIT_SECONDS = 60.0


class Meaning(Enum):
    """The meaning of a refusal for the call, or for all calls of the account."""

    REJECTED = auto()
    SLOW_DOWN_THIS_NUMBER = auto()
    SLOW_DOWN = auto()
    ACCOUNT = auto()


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern for "CODE message", its meaning, our code, and the seconds to wait."""

    pattern: re.Pattern[str]
    meaning: Meaning
    code: str
    wait_seconds: float = 0.0


def _rule(pattern: str, meaning: Meaning, code: str, wait_seconds: float = 0.0) -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE), meaning, code, wait_seconds)


#: Codes and phrases that mean the same under any status.
_BY_TEXT = (
    _rule(r"\bDNC\b", Meaning.REJECTED, "provider_dnc"),
    _rule(r"CALL_PLAN_DESTINATION_BLOCKED", Meaning.REJECTED, "destination_blocked"),
    _rule(r"CALL_UNPAID_INTL_BLOCK", Meaning.REJECTED, "international_blocked"),
    _rule(r"CALL_RL_\w*DAILY", Meaning.SLOW_DOWN, "daily_limit", 3_600.0),
    _rule(r"CALL_RL_\w*CONCURRENCY", Meaning.SLOW_DOWN, "concurrency_limit", 5.0),
    _rule(r"CALL_RL_", Meaning.SLOW_DOWN, "rate_limit", 60.0),
    _rule(r"AUTH_FAILURE", Meaning.ACCOUNT, "unauthorized"),
)
#: What "too many" refers to.
_TOO_MANY = (
    _rule(r"black-?list|blocked number", Meaning.REJECTED, "number_blocked"),
    _rule(r"\binternational\b", Meaning.REJECTED, "international_blocked"),
    _rule(
        r"\b(same|this|that) (phone )?number\b|\bnumber\b.*\b10\b",
        Meaning.SLOW_DOWN_THIS_NUMBER,
        "number_called_too_often",
        10.0,
    ),
    _rule(r"new.customer|daily|per day", Meaning.SLOW_DOWN, "daily_limit", 3_600.0),
    _rule(r"hourly|per hour", Meaning.SLOW_DOWN, "hourly_limit", 600.0),
    _rule(r"concurren", Meaning.SLOW_DOWN, "concurrency_limit", 5.0),
    _rule(r"rate limit", Meaning.SLOW_DOWN, "rate_limit", 2.0),
    _rule(r"\b10 ?s", Meaning.SLOW_DOWN_THIS_NUMBER, "number_called_too_often", 10.0),
    _rule(r"", Meaning.SLOW_DOWN, "throttled", 5.0),
)
#: Status -> our code.
_ACCOUNT_STATUSES: Mapping[int, str] = {
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    405: "wrong_address",
    407: "wrong_address",
}
_MAYBE_CARRIED_OUT = frozenset({303, 408})
#: A gateway may return these itself, about this one request.
_TOO_LARGE = frozenset({413, 414, 431})

_REMEDIES: Mapping[str, str] = {
    "unauthorized": "check {prefix}_API_KEY",
    "payment_required": "check the credit of the account at the provider",
    "forbidden": "ask the provider why the account is blocked",
    "wrong_address": "check {prefix}_BASE_URL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The contents of an answer, in one of the API's two formats.

    ``understood`` is False when it is not the API's JSON, so that another program answered.
    """

    payload: Mapping[str, Any]
    code: str
    message: str
    understood: bool

    @property
    def is_error(self) -> bool:
        """True when the body reports an error, whatever the status of the answer."""
        status = self.payload.get("status")
        return bool(self.payload.get("errors")) or (
            isinstance(status, str) and status.lower() in {"error", "dnc error"}
        )


class Judge:
    """Classifies the provider's errors for one account; shared by threads."""

    def __init__(self, *, label: str, prefix: str, api_key: str) -> None:
        self._label = label
        self._prefix = prefix
        self._api_key = api_key

    def read(self, answer: HttpAnswer, *, hide: Sequence[str] = ()) -> Said:
        """Return an answer's contents, with texts shortened, cleaned, and free of the key.

        ``hide`` are further texts that the answer may repeat, longest first.
        """
        try:
            payload = reading.parse(answer.body)
        except reading.NotJson:
            payload = None
        said = reading.mapping(payload)
        errors = reading.items(said.get("errors"))
        code = next((text for one in errors if (text := reading.text(_member(one, "error")))), "")
        parts = [said.get("message"), said.get("error")]
        parts += [one if isinstance(one, str) else _member(one, "message") for one in errors]
        return Said(
            payload=said,
            code=self.clean(code, hide),
            message=self.clean(
                ": ".join(dict.fromkeys(filter(None, map(reading.text, parts)))), hide
            ),
            understood=isinstance(payload, dict),
        )

    def clean(self, text: str, hide: Sequence[str] = ()) -> str:
        """Put untrusted text on one line and hide the key, which a provider may repeat."""
        for secret in (self._api_key, *hide):
            text = text.replace(secret, "[key]")
        line = " ".join(text.split())
        return line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE]}…"

    def refusal(self, answer: HttpAnswer, said: Said, *, now: datetime) -> VoiceError:
        """Return the error for a refusal to place a call.

        The answer is a refusal by its status or, with a success status, by its body.
        """
        status = 400 if answer.status < 300 else answer.status
        unknown = self.unknown(status, said)
        if unknown is not None:
            return unknown
        rule = self._rule_for(status, said)
        if rule is None or rule.meaning is Meaning.REJECTED:
            code = rule.code if rule else _stable(said.code) or _REJECTIONS.get(status, "rejected")
            return CallRejected(self._sentence(status, said), code=code)
        if rule.meaning is Meaning.ACCOUNT:
            return AccountRefused(
                self._sentence(status, said, remedy=_REMEDIES[rule.code]),
                code=rule.code,
                retry_after_seconds=ACCOUNT_WAIT_SECONDS,
            )
        # A date is meant by the provider's clock, which may differ from ours.
        asked_for = retry_after(answer.headers.get("retry-after", ""), now=answer.date or now)
        return ProviderThrottled(
            self._sentence(status, said),
            code=rule.code,
            retry_after_seconds=rule.wait_seconds if asked_for is None else asked_for,
            account_wide=rule.meaning is Meaning.SLOW_DOWN,
        )

    def unknown(self, status: int, said: Said) -> OutcomeUnknown | None:
        """Return the error for a status with which a call may exist, else None.

        A gateway that timed out or failed may already have forwarded the request. A redirect with
        303 follows a request that was carried out (RFC 9110, section 15.4.4).
        """
        if status in _MAYBE_CARRIED_OUT or status >= 500:
            return OutcomeUnknown(self._sentence(status, said), code=f"http_{status}")
        return None

    def failure(self, answer: HttpAnswer, said: Said, *, now: datetime) -> VoiceError:
        """Return the error for a failed request about a call."""
        error = self.refusal(answer, said, now=now)
        if isinstance(error, CallRejected):
            return OutcomeUnknown(str(error), code=error.code)
        return error

    def _rule_for(self, status: int, said: Said) -> _Rule | None:
        heard = f"{said.code} {said.payload.get('status', '')} {said.message}"
        rules = (*_BY_TEXT, *_TOO_MANY) if status == 429 else _BY_TEXT
        match = next((rule for rule in rules if rule.pattern.search(heard)), None)
        if match is not None:
            return match
        code = _ACCOUNT_STATUSES.get(status)
        # Other programs say "not found" too, some of them in JSON.
        known = said.is_error if status == 404 else said.understood
        stranger = not known and status not in _TOO_LARGE
        if code is None and (status < 400 or stranger):
            code = "wrong_address"
        return _Rule(_ANYTHING, Meaning.ACCOUNT, code) if code else None

    def _sentence(self, status: int, said: Said, *, remedy: str = "") -> str:
        what = said.message or said.code or f"HTTP status {status}"
        sentence = f"{self._label} answered {status}: {what}"
        if remedy:
            sentence = f"{sentence.rstrip('.')} – {remedy.format(prefix=self._prefix)}."
        return sentence


_ANYTHING = re.compile("")
_REJECTIONS: Mapping[int, str] = {404: "not_found", 418: "objective_refused", 422: "invalid"}


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _stable(code: str) -> str:
    """Turn a code of the provider into one of ours: short, lower case, safe characters."""
    return re.sub(r"[^a-z0-9]+", "_", code.lower())[:40].strip("_")


def retry_after(value: str, *, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header, within limits; None without one."""
    seconds = http.retry_after(value, now=now)
    if seconds is None:
        return None
    return min(max(seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)
