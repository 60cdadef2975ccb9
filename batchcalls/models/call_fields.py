"""The fields of a call that people and programs see, each listed once.

Call Logs and their columns, the page of a call, the API and its schema, both exports and our own
webhooks derive from `FIELDS`. The Bland API's fields are in `webhooks.bland_shapes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import Any

from django.db.models import Field, ForeignKey

from batchcalls.models.call_result import CallResult


class Kind(Enum):
    """The kind of a value; each place has one way to show each kind."""

    ID = auto()
    TEXT = auto()
    PHONE = auto()
    #: Has a label for people.
    CHOICE = auto()
    #: A choice shown as a pill.
    STATUS = auto()
    NUMBER = auto()
    SECONDS = auto()
    #: In the call's ``currency``.
    MONEY = auto()
    TIME = auto()
    FLAG = auto()
    JSON = auto()
    TRANSCRIPT = auto()
    #: A URL at the provider; the API returns a URL of its own instead.
    RECORDING = auto()
    #: Long and not a database column; each place composes it.
    COMPOSED = auto()


class Place(Enum):
    """Where fields are shown: Call Logs, the facts on a call's page, and all outgoing data.

    ``EXPORT`` is the export of Call Logs; ``RESULTS`` is the export of a batch.
    """

    LOG = auto()
    PAGE = auto()
    API = auto()
    EXPORT = auto()
    RESULTS = auto()
    WEBHOOK = auto()


@dataclass(frozen=True)
class CallField:
    """A field of a call; ``at`` is its position in each place that shows it.

    ``source`` is the attribute path from the call, blank if it is the same as the name. ``names``
    holds different names for some places. ``usual`` fields are the default columns of Call Logs.
    ``permission`` is what a person needs to see the field in an export or on a page.
    """

    name: str
    label: str
    kind: Kind
    _: KW_ONLY
    at: Mapping[Place, int]
    source: str = ""
    names: Mapping[Place, str] = field(default_factory=dict)
    #: What the field says, for readers of the API's documents.
    meaning: str = ""
    usual: bool = False
    permission: str = ""

    @cached_property
    def path(self) -> list[str]:
        """The attribute names that lead from the call to the value."""
        return (self.source or self.name).split(".")

    @property
    def lookup(self) -> str:
        """The path in queryset notation."""
        return "__".join(self.path)

    @property
    def is_long(self) -> bool:
        """True for fields that lists omit unless requested."""
        return self.kind in {Kind.JSON, Kind.TRANSCRIPT, Kind.COMPOSED}

    @cached_property
    def columns(self) -> list[Field[Any, Any]]:
        """The database columns along the path."""
        columns: list[Field[Any, Any]] = []
        model: Any = CallResult
        for name in self.path:
            column = next(
                candidate
                for candidate in model._meta.fields
                if name in {candidate.name, candidate.attname}
            )
            columns.append(column)
            model = column.related_model if isinstance(column, ForeignKey) else None
        return columns

    def name_in(self, place: Place) -> str:
        """Return the field's name in a place."""
        return self.names.get(place, self.name)

    def value_of(self, call: CallResult) -> Any:
        """Return the field's value; None when the path leads nowhere."""
        first, *others = self.path
        value: Any = getattr(call, first)
        for name in others:
            value = None if value is None else getattr(value, name)
        return value


LOG, PAGE, API, EXPORT, RESULTS, WEBHOOK = Place

# Each field has one line for its value, one for where it is shown, and one for what it says.
# fmt: off
FIELDS = (
    CallField("call_id", "Call ID", Kind.ID,
              at={LOG: 140, API: 10, EXPORT: 10, RESULTS: 60, WEBHOOK: 10}, names={API: "id"},
              meaning="ID of the call."),
    CallField("batch_id", "Batch ID", Kind.ID,
              at={API: 20, EXPORT: 20, WEBHOOK: 20}, names={API: "batch"},
              meaning="ID of its batch."),
    CallField("batch", "Batch", Kind.TEXT, source="batch.name", usual=True,
              at={LOG: 80, PAGE: 90, EXPORT: 30, WEBHOOK: 30}, names={WEBHOOK: "batch_name"}),
    CallField("campaign_id", "Campaign ID", Kind.NUMBER, source="batch.campaign_id",
              at={API: 30, WEBHOOK: 40}, names={API: "campaign"},
              meaning="ID of the campaign; null without one."),
    CallField("campaign", "Campaign", Kind.TEXT, source="batch.campaign.name",
              at={LOG: 90, PAGE: 100, EXPORT: 40}),
    CallField("test", "Test call", Kind.FLAG, source="batch.is_test", at={WEBHOOK: 50}),
    CallField("recipient", "Recipient ID", Kind.NUMBER, source="recipient_id", at={API: 40},
              meaning="ID of the recipient."),
    CallField("row", "Row", Kind.NUMBER, source="recipient.row_number",
              at={LOG: 110, PAGE: 110, API: 50, EXPORT: 50},
              meaning="Row of the list; the header is row 1."),
    CallField("account_id", "Account ID", Kind.NUMBER, at={API: 60}, names={API: "account"},
              meaning="ID of the voice account."),
    CallField("account", "Account", Kind.TEXT, source="account.name", at={LOG: 130, PAGE: 80}),
    CallField("attempt", "Attempt", Kind.NUMBER,
              at={LOG: 100, PAGE: 120, API: 70, EXPORT: 80, WEBHOOK: 60},
              meaning="Which call to this recipient it is, from 1 on."),
    CallField("to", "Number", Kind.PHONE, source="to_number", names={LOG: "to_number"}, usual=True,
              at={LOG: 10, API: 80, EXPORT: 60, WEBHOOK: 70},
              meaning="The number that is called, in E.164."),
    CallField("from", "From", Kind.PHONE, source="from_number", names={LOG: "from_number"},
              at={LOG: 120, PAGE: 70, API: 90, EXPORT: 70, WEBHOOK: 80},
              meaning="The number that is shown, in E.164; blank until it is chosen."),
    CallField("status", "Status", Kind.STATUS, usual=True,
              at={LOG: 20, PAGE: 10, API: 100, EXPORT: 90, WEBHOOK: 90},
              meaning="Status of the call."),
    CallField("answered_by", "Answered by", Kind.CHOICE, usual=True,
              at={LOG: 30, PAGE: 30, API: 110, EXPORT: 100, RESULTS: 20, WEBHOOK: 100},
              meaning="Who answered; blank until that is known."),
    CallField("disposition", "Outcome", Kind.TEXT, usual=True,
              at={LOG: 40, PAGE: 40, API: 120, EXPORT: 110, RESULTS: 10, WEBHOOK: 110},
              meaning="Outcome of the conversation, such as INTERESTED; blank without one."),
    CallField("error_code", "Error code", Kind.TEXT, at={API: 130, EXPORT: 260, WEBHOOK: 120},
              meaning="Why the call failed, for programs; blank if it did not."),
    CallField("error_message", "Why", Kind.TEXT,
              at={PAGE: 20, API: 140, EXPORT: 270, WEBHOOK: 130},
              meaning="Why the call failed, in words."),
    CallField("duration_seconds", "Length", Kind.SECONDS, usual=True,
              at={LOG: 50, PAGE: 50, API: 150, EXPORT: 120, RESULTS: 30, WEBHOOK: 140},
              meaning="Seconds from the answer to the end; null until the call ends."),
    CallField("price", "Price", Kind.MONEY,
              at={LOG: 60, PAGE: 60, API: 160, EXPORT: 130, RESULTS: 40, WEBHOOK: 150},
              meaning="What the provider charges, in `currency`; null until that is known."),
    CallField("currency", "Currency", Kind.TEXT, at={API: 170, EXPORT: 140, WEBHOOK: 160},
              meaning="Currency of the price (ISO 4217); blank without a price."),
    CallField("max_cost", "Most it can cost", Kind.MONEY, source="reserved", at={API: 174},
              meaning="The most it was expected to cost when it was placed, in the account's "
              "currency."),
    CallField("cost", "Cost", Kind.MONEY, at={API: 175, EXPORT: 145},
              meaning="What it counts in budgets, in the account's currency; null until it ends."),
    CallField("summary", "Summary", Kind.TEXT,
              at={API: 180, EXPORT: 190, RESULTS: 50, WEBHOOK: 170},
              meaning="Summary of the conversation."),
    CallField("provider_call_id", "Provider’s ID", Kind.TEXT, at={PAGE: 130, API: 190},
              meaning="ID of the call at the provider; null until it is placed."),
    CallField("provider_status", "Provider’s status", Kind.TEXT, at={API: 200},
              meaning="Status of the call in the provider's words."),
    CallField("claimed_at", "When", Kind.TIME, usual=True,
              at={LOG: 70, API: 210, EXPORT: 150, WEBHOOK: 220},
              meaning="When a worker claimed the call to place it."),
    CallField("placed_at", "Placed", Kind.TIME, at={API: 220, EXPORT: 160, WEBHOOK: 230},
              meaning="When the provider accepted it; null until then."),
    CallField("answered_at", "Answered", Kind.TIME, at={API: 230, EXPORT: 170, WEBHOOK: 240},
              meaning="When someone answered; null if no one did."),
    CallField("ended_at", "Ended", Kind.TIME, at={API: 240, EXPORT: 180, WEBHOOK: 250},
              meaning="When it ended; null until then."),
    CallField("updated_at", "Changed", Kind.TIME, at={API: 245},
              meaning="When it last changed, for `updated_since`."),
    CallField("recording_url", "Recording", Kind.RECORDING,
              at={API: 250, EXPORT: 250, WEBHOOK: 210}, names={API: "recording"},
              permission="batchcalls.export_recording",
              meaning="Where the recording can be played; null without one."),
    CallField("transcript", "Conversation", Kind.TRANSCRIPT,
              at={API: 260, EXPORT: 200, WEBHOOK: 200},
              meaning="What was said, in order."),
    CallField("variables", "Variables of the call", Kind.JSON,
              at={API: 270, EXPORT: 230, WEBHOOK: 190},
              meaning="Variables at the end of the call, with those that were set during it."),
    CallField("extracted", "Extracted fields", Kind.JSON, at={API: 280, EXPORT: 240, WEBHOOK: 180},
              meaning="Fields that were extracted from the conversation."),
    CallField("request_data", "Variables", Kind.JSON, source="recipient.request_data",
              at={API: 290, EXPORT: 210},
              meaning="Variables of the row."),
    CallField("metadata", "Metadata", Kind.JSON, source="recipient.metadata",
              at={API: 300, EXPORT: 220},
              meaning="Data of the row that is stored with its calls and not said."),
    CallField("checks", "Why was this person called?", Kind.JSON, at={API: 310},
              meaning="Each rule that was checked before dialing."),
    CallField("said", "Prompt sent to the agent", Kind.COMPOSED, at={API: 320},
              meaning="The prompt and the settings that the call was placed with."),
)
# fmt: on

_IN = {
    place: tuple(sorted((one for one in FIELDS if place in one.at), key=lambda one: one.at[place]))
    for place in Place
}

#: Columns of a call that are not shown anywhere, and why.
INTERNAL = {
    "id": "Calls are known by their call_id.",
    "tries": "How often the provider said “not now”; only the provider is told.",
    "webhook": "An address of the row's own, which may hold a secret.",
    "retry_outcome": "What the retry rules count; status and answered_by say it to people.",
    "sent_at": "When the engine sent the request; placed_at says when the provider accepted it.",
    "next_check_at": "When the engine asks the provider.",
    "checked_at": "When the engine asked the provider.",
    "lookups": "How often the engine asked for a lost call.",
    "given_up_at": "The status says it, and the batch's log.",
    "stop_requested": "A message to the engine; the status says what came of it.",
}


def fields_of(place: Place) -> tuple[CallField, ...]:
    """Return the fields shown in a place, in order."""
    return _IN[place]


def names_in(place: Place) -> list[str]:
    """Return the names of the fields shown in a place, in order."""
    return [one.name_in(place) for one in fields_of(place)]
