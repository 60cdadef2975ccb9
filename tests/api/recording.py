"""Records requests and responses as examples, without what differs from one run to the next."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from batchcalls.models import AuditEntry
from tests.api.conftest import Program
from tests.api.test_schema import OPERATIONS, addresses

HOST = "calls.example.com"
_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_CARRIER_ID = re.compile(r"sim-[0-9a-z]+-")
_TIME = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
#: How every time is written.
_ONE_FORM = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
#: The beginning of a key's secret, within its name.
_KEY = re.compile(r"\bbc_[\w-]{7}(?=…)")
#: What a status alone tells of why a batch waits.
_OF_STATUS = {"not_launched", "list_importing", "paused"}
#: A moment within a sentence.
_MOMENT = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC")
#: Times by the names of their members, in the order in which they follow one another.
_TIMES = {
    "created_at": "2026-11-24T09:00:00.000Z",
    "updated_at": "2026-11-24T09:00:00.000Z",
    "launched_at": "2026-11-24T09:00:01.000Z",
    "claimed_at": "2026-11-24T09:00:02.000Z",
    "placed_at": "2026-11-24T09:00:02.000Z",
    "answered_at": "2026-11-24T09:00:08.000Z",
    "ended_at": "2026-11-24T09:00:50.000Z",
    "give_up_at": "2026-11-25T09:00:50.000Z",
}
_ANY_TIME = "2026-11-24T09:00:51.000Z"
_SECRETS = {
    "secret": "whsec_c2VjcmV0IG9mIGFuIGV4YW1wbGUsIG5vdCBhIHJlYWwgb25l",
    "prefix": "bc_Zk3TqY1",
}
#: Members that hold the number of a row of another table.
_NUMBERED = {"account", "campaign", "pathway", "policy", "recipient", "tools"}


class Recorder:
    """Asks operations by name and keeps what was sent and answered."""

    #: Method and path of each operation, by its name.
    operations: Mapping[str, tuple[Any, ...]] = OPERATIONS

    def __init__(self, program: Program) -> None:
        self.program = program
        self.examples: dict[str, dict[str, Any]] = {}
        #: The action and the type of the object of the audit entries of each operation.
        self.entries: dict[str, set[tuple[str, str]]] = {}
        self._uuids: dict[str, str] = {}
        self._numbers: dict[tuple[str, int], int] = {}

    def ask(self, name: str, *ids: Any, body: Any = None, query: str = "") -> Any:
        """Send a request, keep it under the operation's name, and return the answer.

        ``ids`` fill the places of the address.
        """
        method, path, *_ = self.operations[name]
        left: Iterator[Any] = iter(ids)
        address = addresses(path, lambda _: str(next(left))) + query
        before = AuditEntry.objects.count()
        answer = self.program.send(method, address, body)
        new = AuditEntry.objects.order_by("-pk")[: AuditEntry.objects.count() - before]
        self.entries[name] = {(entry.action, entry.kind) for entry in new}
        text = b"".join(answer).decode()  # some are streamed
        told: Any = text if "text/csv" in answer["Content-Type"] else json.loads(text)
        assert answer.status_code in {200, 201, 202}, (name, told)
        shown = told["results"][0] if name.endswith("_list") else told
        kind = _singular([part for part in path.split("/") if "{" not in part][-1])
        self.examples[name] = {
            **({} if body is None else {"request": self._steady(body, kind)}),
            "response": self._steady(shown, kind),
        }
        return told

    def _steady(self, value: Any, kind: str, member: str = "") -> Any:
        """Return a value with ids, times and secrets that are the same in each run."""
        if member == "blocked_by" and isinstance(value, list):
            # A slow run has waited long enough to be told more.
            value = [one for one in value if one["code"] in _OF_STATUS]
        if isinstance(value, dict):
            named = {key: "costs" if member == "costs" else key for key in value}
            return {key: self._steady(item, kind, named[key]) for key, item in value.items()}
        if isinstance(value, list):
            return [self._steady(item, kind, member) for item in value]
        if isinstance(value, str):
            return self._steady_text(value, member)
        if isinstance(value, int) and (member == "id" or member in _NUMBERED):
            return self._number(kind if member == "id" else _singular(member), value)
        return value

    def _steady_text(self, text: str, member: str) -> str:
        if member in _SECRETS:
            return _SECRETS[member]
        if member == "object_id":
            return "1"
        if member == "body":  # a message, as it was sent
            return json.dumps(self._steady(json.loads(text), ""), sort_keys=True)
        if member == "costs":  # SQLite writes more zeros than PostgreSQL
            return f"{Decimal(text):.5f}"
        written = {match.group() for match in _TIME.finditer(text)}
        # Variables of a conversation are as the provider sends them.
        assert member in {"now", "now_utc"} or all(map(_ONE_FORM.fullmatch, written)), (
            member,
            text,
        )
        text = text.replace(f"http://{HOST}", f"https://{HOST}")
        text = _TIME.sub(_TIMES.get(member, _ANY_TIME), text)
        text = _KEY.sub(_SECRETS["prefix"], text)
        text = _MOMENT.sub("2026-11-24 09:00 UTC", text)
        return _CARRIER_ID.sub("sim-t5xk80-", _UUID.sub(self._uuid, text))

    def _uuid(self, match: re.Match[str]) -> str:
        written = match.group()
        plain = written.replace("-", "")
        number = len(self._uuids) + 1
        steady = self._uuids.setdefault(plain, _uuid_of(number).hex)
        return str(UUID(steady)) if "-" in written else steady

    def _number(self, kind: str, number: int) -> int:
        seen = sum(1 for known, _ in self._numbers if known == kind)
        return self._numbers.setdefault((kind, number), seen + 1)


def _uuid_of(number: int) -> UUID:
    """Return an id that looks like any other."""
    return UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128, version=4)


def _singular(plural: str) -> str:
    return f"{plural.removesuffix('ies')}y" if plural.endswith("ies") else plural.removesuffix("s")
