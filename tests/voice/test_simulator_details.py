"""What the simulator tells of a finished call: result, fields, price, variables."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from batchcalls.voice.base import AccountConfig, CallDetails
from batchcalls.voice.simulator import SimulatorProvider
from campaigns.vocabulary import Disposition
from tests.voice.simulated import START, call_of, details_of, request_to, simulator

NUMBERS = [f"+1303777{number}" for number in range(1000, 1200)]
HUMANS = simulator(speed=0, mix={"human": 1})


def first_ending(disposition: Disposition, **changes: Any) -> CallDetails:
    """Return a call whose callee is of the kind that leads to this disposition."""
    number = next(
        number
        for number in NUMBERS
        if details_of(request_to(number), HUMANS).disposition == disposition
    )
    return details_of(request_to(number, **changes), HUMANS)


WILLING, UNINTERESTED = Disposition.COMPLETED_ACTION, Disposition.NOT_INTERESTED
BUSY_NOW, CURIOUS = Disposition.CALL_BACK_SCHEDULED, Disposition.NEEDS_MORE_INFO
OPTS_OUT = Disposition.DO_NOT_CONTACT


@pytest.mark.parametrize(
    ("own", "by_nature", "chosen"),
    [
        (["Lost", "Not interested"], UNINTERESTED, "Not interested"),
        (["not_qualified", "qualified"], WILLING, "qualified"),
        (["uninterested", "Interested"], WILLING, "Interested"),
        (["Sale", "Declined"], UNINTERESTED, "Declined"),
        (["Declined", "Sale"], WILLING, "Sale"),
        (["DO NOT CALL", "No answer", "Not now"], UNINTERESTED, "Not now"),
        (["Sale", "Call back later"], BUSY_NOW, "Call back later"),
        (["Sale", "Wants info"], CURIOUS, "Wants info"),
        (["Sale", "DO_NOT_CONTACT_AGAIN"], OPTS_OUT, "DO_NOT_CONTACT"),
        (("x",), BUSY_NOW, "x"),
        ([], BUSY_NOW, "CALL_BACK_SCHEDULED"),
        ("not a list", BUSY_NOW, "CALL_BACK_SCHEDULED"),
    ],
)
def test_a_result_is_named_by_the_campaigns_own_dispositions(
    own: Any, by_nature: Disposition, chosen: str
) -> None:
    assert first_ending(by_nature, settings={"dispositions": own}).disposition == chosen


def test_agreeing_to_an_offer_is_interest_and_agreeing_to_a_reminder_is_an_action() -> None:
    offer = first_ending(WILLING, prompt="Your goal is to offer the customer a discount.")
    assert offer.disposition == "INTERESTED"
    assert first_ending(WILLING).disposition == "COMPLETED_ACTION"


def test_fields_that_every_call_has_are_extracted_without_a_schema() -> None:
    assert first_ending(WILLING).extracted == {"confirmed": True, "callback_requested": False}
    call_back = first_ending(BUSY_NOW)
    assert call_back.extracted["callback_requested"] is True
    assert call_back.extracted["callback_time"] in call_back.summary
    declined = first_ending(UNINTERESTED)
    assert declined.extracted["reason"] in declined.summary


@pytest.mark.parametrize(
    ("field", "kind", "value", "extracted"),
    [
        ("service", "string", None, "Home Cleaning"),
        ("Customer Name", "text", None, "Emily"),
        ("name", "string", None, "Emily"),
        ("business", "string", None, "Acme"),
        ("sentiment", "string", None, "positive"),
        ("objection", "string", None, ""),
        ("callback time", "string", None, ""),
        ("appointment_confirmed", "boolean", None, True),
        ("callback_requested", "boolean", None, False),
        ("opted_out", "bool", "no", False),
        ("previous_customer", "boolean", "Yes", True),
        ("reached_voicemail", "boolean", None, False),
        ("amount", "number", "$1,250.50", 1250.5),
        ("guests", "integer", "4", 4),
        ("date", "date", None, "July 10"),
        ("tags", "array", "vip", ["vip"]),
        ("objections", "list", None, []),
        ("service", "object", None, {"value": "Home Cleaning"}),
        ("mood", "how they felt", None, "positive"),
        ("is_not_interested", "boolean", None, False),
        ("do_not_call", "boolean", None, False),
    ],
)
def test_a_field_is_filled_with_a_value_of_its_type(
    field: str, kind: Any, value: str | None, extracted: Any
) -> None:
    variables = {
        "customer_name": "Emily",
        "service": "Home Cleaning",
        "date": "July 10",
        "business_name": "Acme",
    }
    if value is not None:
        variables[field] = value
    details = first_ending(
        WILLING, settings={"analysis_schema": {field: kind}}, variables=variables
    )
    assert details.extracted == {field: extracted}
    assert type(details.extracted[field]) is type(extracted)


def test_what_the_list_does_not_say_is_made_up_within_reason() -> None:
    schema = {
        "satisfaction_score": "integer",
        "boxes": "number",
        "price": "number",
        "follow_up": "date",
        "when": "datetime",
        "answer": "string",
    }
    for number in NUMBERS[:40]:
        request = request_to(
            number, settings={"analysis_schema": schema}, variables={"price": "n/a", "boxes": "inf"}
        )
        extracted = details_of(request, HUMANS).extracted
        assert 1 <= extracted["satisfaction_score"] <= 10
        assert 1 <= extracted["boxes"] <= 4
        assert isinstance(extracted["price"], float)
        assert date.fromisoformat(extracted["follow_up"]) >= START.date()
        assert datetime.fromisoformat(extracted["when"]).tzinfo is not None
        assert extracted["answer"]


def test_an_answered_call_costs_its_minutes_and_any_other_an_attempt() -> None:
    human = details_of(request_to("+12025550190"))
    expected = (Decimal("0.12") * human.duration_seconds / 60).quantize(Decimal("0.0001"))
    assert human.price == max(expected, Decimal("0.0150"))
    voicemail = details_of(request_to("+12025550193"))
    assert voicemail.price == (Decimal("0.002") * voicemail.duration_seconds).quantize(
        Decimal("0.0001")
    )
    for number in ("+12025550191", "+12025550192"):
        unanswered = details_of(request_to(number))
        assert str(unanswered.price) == "0.0150"
        assert (unanswered.currency, unanswered.duration_seconds) == ("EUR", 0)


def test_a_talk_is_never_cheaper_than_an_attempt() -> None:
    account = AccountConfig(
        name="dear", price_per_minute=Decimal("0.001"), price_per_attempt=Decimal("0.5")
    )
    call = call_of(request_to("+12025550190"))
    events = SimulatorProvider(account).pull(call, after=None, until=START.replace(year=2027))
    details = events.events[-1].details
    assert details is not None
    assert (str(details.price), details.currency) == ("0.5000", "USD")


@pytest.mark.parametrize(
    ("outcome", "disposition", "words"),
    [
        ("no_answer", "NO_ANSWER", "The phone of Emily rang out."),
        ("busy", "BUSY", "The line of Emily was busy."),
        ("failed", "FAILED", "The call to Emily failed."),
    ],
)
def test_a_call_that_nobody_took_says_why(outcome: str, disposition: str, words: str) -> None:
    seen = set()
    for number in NUMBERS[:30]:
        details = details_of(request_to(number), simulator(mix={outcome: 1}))
        assert details.disposition == disposition
        assert details.summary.startswith(words)
        assert "service: Home Cleaning" in details.summary
        assert (list(details.transcript), details.extracted) == ([], {})
        assert bool(details.error_code) is bool(details.error_message) is (outcome == "failed")
        seen.add(details.error_code)
    assert len(seen) == (3 if outcome == "failed" else 1)
    nobody = details_of(request_to(NUMBERS[0], variables={}), simulator(mix={outcome: 1}))
    assert "the callee" in nobody.summary or "The callee" in nobody.summary
    assert "about" not in nobody.summary


def test_a_summary_names_whom_was_called_and_what_about() -> None:
    for number in NUMBERS[:40]:
        details = details_of(request_to(number), HUMANS)
        assert details.summary.startswith("Emily answered")
        assert 2 <= details.summary.count(". ") + 1 <= 4
    both = {"contact_name": "Sarah H", "company": "Acme", "plan": "Gold"}
    firm = details_of(request_to(NUMBERS[0], variables=both), HUMANS)
    assert firm.summary.startswith("Sarah H at Acme answered")


def test_variables_of_a_call_hold_the_lists_and_the_carriers() -> None:
    request = request_to(
        "+12025550190", from_number="+442079460100", variables={"now": "never", "plan": "Gold"}
    )
    variables = details_of(request).variables
    assert variables["plan"] == "Gold"
    assert variables["now"] == "never"  # a column of the list is never hidden
    assert variables["to"] == variables["phone_number"] == "+12025550190"
    assert (variables["from"], variables["short_to"]) == ("+442079460100", "2025550190")
    assert variables["call_id"] == call_of(request).provider_call_id
    assert variables["now_utc"] == START.isoformat()
