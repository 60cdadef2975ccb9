"""The routes of the Bland API, and the control routes for tests."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

from tests.voice.carrier.answers import (
    BROKEN,
    CALL_OVER,
    NO_SUCH_CALL,
    REJECTED,
    THROTTLED,
    UNAUTHORIZED,
    accepted,
    as_json,
)
from tests.voice.carrier.behavior import Behavior
from tests.voice.carrier.calls import Call
from tests.voice.carrier.clock import WALL_CLOCK
from tests.voice.carrier.connection import Connection, response
from tests.voice.carrier.door import Door
from tests.voice.carrier.ledger import Ledger
from tests.voice.carrier.listing import list_calls
from tests.voice.carrier.requests import parsed, route_of
from tests.voice.carrier.webhooks import WebhookSender

CORRELATION_KEY = "batchcalls_correlation_id"


class Carrier:
    """One carrier with its behavior, random generator and ledger; `reset` starts over."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, seed: int, key: str) -> None:
        self._loop = loop
        self._key = key
        self._sender = WebhookSender()
        self.door: Door | None = None
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Clear all calls and settings; calls in progress end without webhooks."""
        self.behavior = Behavior(key=self._key)
        WALL_CLOCK.offset_seconds = self.behavior.clock_offset_seconds
        self.ledger = Ledger()
        self._chance = random.Random(seed)
        self._last: tuple[Mapping[bytes, bytes], bytes] = ({}, b"null")
        self._set_door()

    def _set_door(self) -> None:
        if self.door is not None:
            self.door.set(is_open=self.behavior.accepting)

    # Side doors and routes -----------------------------------------------------------------------

    def handle(
        self,
        connection: Connection,
        method: str,
        target: str,
        headers: Mapping[bytes, bytes],
        body: bytes,
    ) -> None:
        """Answer one request."""
        if not target.startswith("/v1/"):
            self._side_door(connection, method, target, body)
            return
        route, received_at = route_of(method, target), time.monotonic()
        if route == "place":
            self._last = headers, body
        behavior = self.behavior
        self.ledger.counts[route] += 1
        key = headers.get(b"authorization", b"").decode("latin-1")
        if behavior.unauthorized or key != behavior.key:
            if route == "place":
                self._note("401", received_at, parsed(body))
            connection.send(as_json(401, UNAUTHORIZED))
        elif route == "place":
            self._place(connection, parsed(body), received_at)
        elif forced := behavior.answers.get(route):
            self._forced(connection, forced)
        else:
            self._ask(connection, route, target)

    def _side_door(self, connection: Connection, method: str, target: str, body: bytes) -> None:
        now = time.monotonic()
        match method, target:
            case "GET", "/ledger":
                connection.send(as_json(200, self.ledger.rows(now)))
            case "GET", "/ledger/live":
                connection.send(as_json(200, self.ledger.figures(now)))
            case "GET", "/ledger/last":
                headers, last = self._last
                readable = {
                    name.decode("latin-1"): value.decode("latin-1")
                    for name, value in headers.items()
                }
                connection.send(as_json(200, {"headers": readable, "body": parsed(last)}))
            case "PUT", "/control":
                try:
                    self.behavior.update(json.loads(body))
                except (ValueError, TypeError) as error:
                    connection.send(as_json(400, {"error": str(error)}))
                else:
                    WALL_CLOCK.offset_seconds = self.behavior.clock_offset_seconds
                    self._set_door()
                    connection.send(as_json(200, {}))
            case "POST", "/reset":
                self.reset(json.loads(body)["seed"])
                connection.send(as_json(200, {}))
            case _:
                # As from a web server that does not serve the API.
                connection.send(response(404, b"<html>Not Found</html>"))

    # Placing -------------------------------------------------------------------------------------

    def _place(self, connection: Connection, body: dict[str, Any], received_at: float) -> None:
        behavior = self.behavior
        delay = behavior.latency_seconds
        if behavior.jitter_seconds:
            spread = behavior.jitter_seconds
            delay = max(0.0, delay + self._chance.uniform(-spread, spread))
        if forced := behavior.answers.get("place"):
            label = f"forced-{forced.get('status', 'raw')}"
            if forced.get("placed"):
                self._accept(label, received_at, body)
            else:
                self._note(label, received_at, body)
            self._forced(connection, forced, after=delay)
            return
        fault = self._draw_fault()
        match fault:
            case "reset-before":
                self._note(fault, received_at, body)
                connection.reset()
            case "429":
                wait = behavior.throttle_retry_after
                self._note(fault, received_at, body)
                extra = () if wait is None else (("retry-after", wait),)
                connection.send(as_json(429, THROTTLED, extra), after=delay)
            case "400":
                self._note(fault, received_at, body)
                connection.send(as_json(400, REJECTED), after=delay)
            case "500-before":
                self._note(fault, received_at, body)
                connection.send(as_json(500, BROKEN), after=delay)
            case "500-after":
                self._accept(fault, received_at, body)
                connection.send(as_json(500, BROKEN), after=delay)
            case "reset-after":
                self._accept(fault, received_at, body)
                connection.reset(after=delay)
            case "slow-body":
                call = self._accept(fault, received_at, body)
                answer = response(200, accepted(call).ljust(10_000))
                interval = behavior.slow_body_interval_seconds
                connection.dribble(answer, interval=interval, after=delay)
            case _:
                call = self._accept("accepted", received_at, body)
                connection.send(response(200, accepted(call)), after=delay)

    def _draw_fault(self) -> str:
        behavior = self.behavior
        for name, rate in (
            ("reset-before", behavior.reset_before_rate),
            ("429", behavior.throttle_rate),
            ("400", behavior.reject_rate),
            ("500-before", behavior.error_before_rate),
            ("500-after", behavior.error_after_rate),
            ("reset-after", behavior.reset_after_rate),
            ("slow-body", behavior.slow_body_rate),
        ):
            if rate and self._chance.random() < rate:
                return name
        return ""

    def _note(
        self, answer: str, received_at: float, body: dict[str, Any], call: Call | None = None
    ) -> None:
        metadata = body.get("metadata")
        self.ledger.note(
            answer,
            at=received_at,
            correlation_id=metadata.get(CORRELATION_KEY) if isinstance(metadata, dict) else None,
            to=str(body.get("phone_number")),
            call=call,
        )

    def _accept(self, answer: str, received_at: float, body: dict[str, Any]) -> Call:
        """Create a call for the request, whatever the answer will be."""
        behavior, chance = self.behavior, self._chance
        bits = f"{chance.getrandbits(128):032x}"
        outcomes = behavior.outcomes
        outcome = chance.choices(list(outcomes), list(outcomes.values()))[0]
        talk = chance.uniform(*behavior.talk_seconds)
        pace = 1 / behavior.speed if behavior.speed else 0.0
        starts_at = received_at + behavior.queue_seconds * pace
        metadata = body.get("metadata")
        call = Call(
            call_id=f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-8{bits[17:20]}-{bits[20:]}",
            body=body,
            correlation_id=metadata.get(CORRELATION_KEY) if isinstance(metadata, dict) else None,
            created=WALL_CLOCK.time(),
            received_at=received_at,
            starts_at=starts_at,
            ends_at=starts_at + talk * pace,
            queued_seconds=behavior.queue_seconds,
            talk_seconds=talk,
            outcome=outcome,
            # No draw without the fault, so that other faults are drawn as before.
            unlisted=bool(behavior.unlisted_rate) and chance.random() < behavior.unlisted_rate,
        )
        self._note(answer, received_at, body, call)
        end = partial(self._end, call, self.ledger, call.ends_at)
        if call.ends_at <= received_at:
            self._loop.call_soon(end)
        else:
            self._loop.call_at(call.ends_at, end)
            if behavior.webhook_secret and body.get("webhook"):
                self._loop.call_at(starts_at, self._started, call, self.ledger)
        return call

    # The course of a call, and its webhooks ------------------------------------------------------

    def _started(self, call: Call, ledger: Ledger) -> None:
        if ledger is not self.ledger or call.outcome == "canceled":
            return
        call.told_late = self._chance.random() < self.behavior.webhook_reverse_rate
        if not call.told_late:
            self._tell_of_start(call)

    def _tell_of_start(self, call: Call) -> None:
        event = {"message": "Call started", "call_id": call.call_id}
        self._webhook(call, {**event, "category": "call", "log_level": "info"})

    def _end(self, call: Call, ledger: Ledger, ends_at: float) -> None:
        # A different ledger means a reset in between; a different end means the call was stopped.
        if ledger is not self.ledger or call.ends_at != ends_at:
            return
        ledger.ended()
        if self.behavior.webhook_secret and call.body.get("webhook"):
            self._webhook(call, call.details(max(time.monotonic(), ends_at)))
            if call.told_late:
                self._tell_of_start(call)

    def _webhook(self, call: Call, payload: dict[str, Any]) -> None:
        behavior, counts = self.behavior, self.ledger.counts
        if self._chance.random() < behavior.webhook_lost_rate:
            counts["webhooks_lost"] += 1
            return
        copies = 2 if self._chance.random() < behavior.webhook_duplicate_rate else 1
        secrets = [behavior.webhook_secret] * copies
        if self._chance.random() < behavior.webhook_wrong_signature_rate:
            secrets.insert(0, f"not-{behavior.webhook_secret}")
        for secret in secrets:
            forged = secret != behavior.webhook_secret
            counts["webhooks_badly_signed" if forged else "webhooks_sent"] += 1
            send = partial(
                self._sender.send,
                str(call.body["webhook"]),
                payload,
                secret=secret,
                retries=0 if forged else behavior.webhook_retries,
                counts=counts,
            )
            self._loop.call_later(behavior.webhook_delay_seconds, send)

    # Questions -----------------------------------------------------------------------------------

    def _ask(self, connection: Connection, route: str, target: str) -> None:
        now = time.monotonic()
        path, _, query = target.partition("?")
        national = self.behavior.spelling == "national"
        call = self.ledger.calls.get(unquote(path.split("/")[3])) if path.count("/") > 2 else None
        if route == "list":
            answer = as_json(200, list_calls(self.ledger, self.behavior, query, now))
        elif route == "me":
            billing = {"current_balance": 100.0, "refill_to": None}
            me = {"status": "active", "billing": billing, "total_calls": len(self.ledger.calls)}
            answer = as_json(200, me)
        elif call is None:
            answer = as_json(404, NO_SUCH_CALL)
        elif route == "details":
            answer = as_json(200, call.details(now, national=national))
        elif call.stop(now, self.behavior.speed):
            self._end(call, self.ledger, now)
            answer = as_json(200, {"status": "success", "message": "Call ended successfully."})
        else:
            answer = as_json(400, CALL_OVER)
        connection.send(answer, after=self.behavior.latency_seconds)

    def _forced(
        self, connection: Connection, forced: Mapping[str, Any], *, after: float = 0.0
    ) -> None:
        if "raw" in forced:
            answer = str(forced["raw"]).encode("latin-1")
        else:
            body = forced.get("body", {})
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            headers = forced.get("headers", {}).items()
            answer = response(int(forced["status"]), content, headers)
        connection.send(answer, after=after, close=bool(forced.get("close")))
