"""The carrier's HTTP: a small, fast parser, and the routes of the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.voice.carrier.behaviour import Behaviour, Dice
from tests.voice.carrier.switchboard import Call, Switchboard
from tests.voice.carrier.webhooks import Messenger

API_KEY = "sk-test-key"
REASONS = {200: "OK", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}
REFUSED = {"data": None, "errors": [{"error": "AUTH_FAILURE", "message": "Unauthorized"}]}


class Carrier:
    """What all connections share."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.dice = Dice(self.behaviour.seed)
        self.messenger = Messenger(self.behaviour, self.dice)
        self.board = Switchboard(self.behaviour, self.dice, self.messenger.report)

    def control(self, values: dict[str, Any]) -> None:
        """Change the behaviour; a new seed starts the draws anew."""
        self.behaviour.change(values)
        if "seed" in values:
            self.dice.__init__(values["seed"])  # type: ignore[misc]


class Connection(asyncio.Protocol):
    """One client's connection: requests one after another, each answered before the next."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._buffer = b""
        self._busy = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:])
        }
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._busy = True
        method, target, _ = lines[0].split(" ")
        self._route(method, target, headers, rest[:length])

    # Answers -------------------------------------------------------------------------------------

    def answer(
        self,
        status: int,
        body: Any,
        *,
        headers: str = "",
        text: str = "",
        after_seconds: float = 0.0,
    ) -> None:
        """Answer, possibly later; the next request is read then."""
        if after_seconds > 0:
            asyncio.get_running_loop().call_later(
                after_seconds, self._write, status, body, headers, text
            )
        else:
            self._write(status, body, headers, text)

    def _write(self, status: int, body: Any, headers: str, text: str) -> None:
        content = text.encode() if text else json.dumps(body).encode()
        kind = "text/html" if text else "application/json"
        if not self._transport.is_closing():
            self._transport.write(
                f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}\r\nContent-Type: {kind}\r\n"
                f"{headers}Content-Length: {len(content)}\r\n\r\n".encode()
                + content
            )
        self._busy = False
        if self._buffer:
            self._next()

    def _reset(self) -> None:
        self._transport.abort()

    # Routes --------------------------------------------------------------------------------------

    def _route(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        path, _, query = target.partition("?")
        if path in {"/control", "/ledger", "/figures"}:
            self._inside(path, body)
            return
        key = headers.get("authorization", "").removeprefix("Bearer ")
        if key != API_KEY or self._carrier.behaviour.unauthorized:
            if (method, path) == ("POST", "/v1/calls"):
                self._carrier.board.note(json.loads(body), "unauthorized")
            self.answer(401, REFUSED)
            return
        if (method, path) == ("POST", "/v1/calls"):
            self._place(json.loads(body))
            return
        if self._carrier.behaviour.reads_fail:
            self.answer(500, {"status": "error", "message": "Internal server error."})
            return
        parts = path.strip("/").split("/")
        if (method, path) == ("GET", "/v1/me"):
            self.answer(200, {"status": "active", "billing": {"current_balance": 9.5}})
        elif (method, path) == ("GET", "/v1/calls"):
            self._list({name: values[0] for name, values in parse_qs(query).items()})
        elif parts[:2] == ["v1", "calls"] and len(parts) in {3, 4}:
            self._one(method, unquote(parts[2]), parts[3:])
        else:
            self.answer(404, None, text="<h1>Not Found</h1>")

    def _inside(self, path: str, body: bytes) -> None:
        """Serve the tests."""
        if path == "/control":
            try:
                self._carrier.control(json.loads(body))
            except ValueError as error:
                self.answer(400, {"error": str(error)})
            else:
                self.answer(200, {})
        elif path == "/ledger":
            self.answer(200, self._carrier.board.book())
        else:
            board = self._carrier.board
            figures = {"requests": len(board.ledger), "calls": len(board.calls)}
            live = {"live": board.live, "max_live": board.max_live}
            self.answer(200, {**figures, **live, **self._carrier.messenger.figures()})

    def _place(self, body: dict[str, Any]) -> None:
        act, dice, board = self._carrier.behaviour, self._carrier.dice, self._carrier.board
        wait = act.latency_seconds + dice.between(0, act.jitter_seconds)
        if dice.hits(act.reset_before_rate):
            board.note(body, "reset_before")
            self._reset()
        elif act.answer_status:
            board.note(body, str(act.answer_status))
            self.answer(
                act.answer_status, act.answer_body, text=act.answer_text, after_seconds=wait
            )
        elif dice.hits(act.throttle_rate):
            board.note(body, "throttled")
            headers = f"Retry-After: {act.retry_after}\r\n" if act.retry_after else ""
            refusal = {"status": "error", "message": act.throttle_message}
            self.answer(429, refusal, headers=headers, after_seconds=wait)
        elif dice.hits(act.error_before_rate):
            board.note(body, "error_before")
            self.answer(502, None, text="<h1>Bad Gateway</h1>", after_seconds=wait)
        else:
            self._accept(body, wait)

    def _accept(self, body: dict[str, Any], wait: float) -> None:
        act, dice, board = self._carrier.behaviour, self._carrier.dice, self._carrier.board
        later = asyncio.get_running_loop().call_later
        if dice.hits(act.reset_after_rate):
            board.place(body, "reset_after")
            later(wait, self._reset)
        elif dice.hits(act.error_after_rate):
            board.place(body, "error_after")
            self.answer(504, None, text="<h1>Gateway Timeout</h1>", after_seconds=wait)
        elif dice.hits(act.slow_body_rate):
            board.place(body, "slow_body")
            later(wait, self._transport.write, b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{")
        else:
            call = board.place(body, "accepted")
            accepted = {
                "status": "success",
                "message": "Call successfully queued.",
                "call_id": call.call_id,
                "batch_id": None,
            }
            self.answer(200, accepted, after_seconds=wait)

    def _list(self, query: dict[str, str]) -> None:
        board = self._carrier.board
        calls: list[Call] = board.by_number.get(query.get("to_number", ""), [])
        if "start_date" in query:
            since = datetime.fromisoformat(query["start_date"].replace("Z", "+00:00"))
            calls = [call for call in calls if call.created_at >= since]
        first = int(query.get("from", 0))
        limit = min(int(query.get("limit", 1000)), self._carrier.behaviour.page_size)
        page = calls[first : first + limit]
        self.answer(
            200,
            {
                "total_count": len(calls),
                "count": len(page),
                "calls": [call.brief() for call in page],
            },
        )

    def _one(self, method: str, call_id: str, rest: list[str]) -> None:
        board = self._carrier.board
        call = board.calls.get(call_id)
        if call is None:
            self.answer(404, {"status": "error", "message": "Call not found"})
        elif (method, rest) == ("GET", []):
            self.answer(200, call.details())
        elif (method, rest) == ("POST", ["stop"]):
            if board.stop(call):
                self.answer(200, {"status": "success", "message": "Call ended successfully."})
            else:
                refusal = "SID not found for the given c_id."
                self.answer(400, {"status": "error", "message": refusal})
        else:
            self.answer(404, None, text="<h1>Not Found</h1>")


async def serve(port: int, *, ready: Callable[[int], None], ssl: Any = None) -> None:
    """Serve on loopback until cancelled; ``ready`` is told the port."""
    carrier = Carrier()
    carrier.messenger.start()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(carrier), "127.0.0.1", port, ssl=ssl, backlog=1024
    )
    ready(server.sockets[0].getsockname()[1])
    await server.serve_forever()
