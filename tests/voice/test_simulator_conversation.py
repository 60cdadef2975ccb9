"""Simulated conversations read like conversations, and their write-ups agree with them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchcalls.voice.base import CallDetails, CallRequest
from batchcalls.voice.simulator.dialogue import WORDS_PER_SECOND
from campaigns.vocabulary import Disposition
from tests.voice.simulated import details_of, events_of, request_to, simulator

NUMBERS = [f"+1303777{number}" for number in range(1000, 1400)]
HUMANS = simulator(speed=0, mix={"human": 1})
VOICEMAIL = simulator(speed=0, mix={"voicemail": 1})


def talk(number: str = NUMBERS[0], **changes: Any) -> CallDetails:
    return details_of(request_to(number, **changes), HUMANS)


def said(details: CallDetails) -> str:
    return "\n".join(f"{turn.speaker}: {turn.text}" for turn in details.transcript)


def calls_ending(disposition: Disposition, **changes: Any) -> list[CallDetails]:
    """Return calls whose callee is of the kind that leads to this disposition."""
    by_nature = [number for number in NUMBERS if talk(number).disposition == disposition]
    assert by_nature
    return [talk(number, **changes) for number in by_nature]


# Transcript --------------------------------------------------------------------------------------


def test_agent_and_callee_take_turns_from_the_opening_to_the_goodbye() -> None:
    for number in NUMBERS:
        details = talk(number)
        speakers = [turn.speaker for turn in details.transcript]
        assert speakers[0] == "agent"
        assert all(one != other for one, other in pairwise(speakers))
        assert len(speakers) >= 5
        assert "Emily" in details.transcript[0].text
        assert all(text[0].isupper() and text[-1] in ".!?”" for text in texts(details))


def texts(details: CallDetails) -> list[str]:
    return [turn.text for turn in details.transcript]


def test_the_agent_quotes_the_prompt_with_the_recipients_values() -> None:
    for number in NUMBERS[:50]:
        assert "remind her of Home Cleaning on July 10." in said(talk(number))


def test_willing_callees_confirm_what_the_list_says() -> None:
    for details in calls_ending(Disposition.COMPLETED_ACTION, prompt="You help people."):
        assert "service: Home Cleaning, date: July 10. Is that right?" in said(details)
    for details in calls_ending(Disposition.COMPLETED_ACTION, variables={}):
        assert "Can I put that down as a yes?" in said(details)


@pytest.mark.parametrize(
    ("disposition", "in_transcript", "in_summary"),
    [
        (Disposition.COMPLETED_ACTION, "I've noted that", "Nothing is left open."),
        (Disposition.NOT_INTERESTED, "callee: Thanks, but I'm not interested.", "not interested"),
        (Disposition.CALL_BACK_SCHEDULED, "agent: Of course. I'll call you back", "callback"),
        (Disposition.NEEDS_MORE_INFO, "a colleague will get back to you", "more information"),
        (Disposition.DO_NOT_CONTACT, "taking your number off our list", "not to be called again"),
    ],
)
def test_transcript_and_summary_agree_with_the_outcome(
    disposition: Disposition, in_transcript: str, in_summary: str
) -> None:
    for details in calls_ending(disposition):
        assert in_transcript in said(details)
        assert in_summary in details.summary
        assert "Emily" in details.summary


def test_calls_with_the_same_outcome_differ_in_what_the_callee_answers() -> None:
    for disposition in (Disposition.NOT_INTERESTED, Disposition.CALL_BACK_SCHEDULED):
        assert len({said(details) for details in calls_ending(disposition)}) >= 3


def test_the_same_call_is_always_the_same_conversation() -> None:
    assert [talk(number) for number in NUMBERS[:20]] == [talk(number) for number in NUMBERS[:20]]


def test_people_pick_up_in_every_mood_and_a_few_never_want_to_be_called_again() -> None:
    counted = Counter(talk(number).disposition for number in NUMBERS)
    assert set(counted) == {
        "COMPLETED_ACTION",
        "NOT_INTERESTED",
        "CALL_BACK_SCHEDULED",
        "NEEDS_MORE_INFO",
        "DO_NOT_CONTACT",
    }
    assert counted["COMPLETED_ACTION"] > counted["NOT_INTERESTED"] > counted["DO_NOT_CONTACT"]
    assert 0 < counted["DO_NOT_CONTACT"] / len(NUMBERS) < 0.07


def test_an_opt_out_is_spoken_aloud_and_keeps_its_name_in_every_campaign() -> None:
    for details in calls_ending(
        Disposition.DO_NOT_CONTACT, settings={"dispositions": ["Sold", "Lost"]}
    ):
        assert details.disposition == "DO_NOT_CONTACT"
        assert "list" in said(details) or "Don't call me again" in said(details)
        assert "not to be called again" in details.summary


def test_nobody_at_a_forced_number_opts_out() -> None:
    numbers = [f"+44207946{hundred:04}" for hundred in range(90, 1000, 100)]
    attempts = [request_to(number, attempt=n) for number in numbers for n in range(1, 30)]
    assert {details_of(request).disposition for request in attempts} == {
        "COMPLETED_ACTION",
        "NOT_INTERESTED",
        "CALL_BACK_SCHEDULED",
        "NEEDS_MORE_INFO",
    }


def test_the_campaigns_first_sentence_comes_first_unless_the_callee_is_waited_for() -> None:
    sentence = "Hi Emily, how are you today?"
    assert talk(settings={"first_sentence": sentence}).transcript[0].text == sentence
    waited = talk(settings={"first_sentence": sentence, "wait_for_greeting": True})
    assert waited.transcript[0].speaker == "callee"
    assert waited.transcript[1].text == sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "Hello from Bright Cleaning.",
        "Hi, do you have a minute?",
        "Is this Emily?",
        "Is that South Bay Coffee?",
        "Is this thing on?",
    ],
)
def test_a_callee_answers_whatever_the_first_sentence_is(sentence: str) -> None:
    variables = {"customer_name": "Emily", "business_name": "South Bay Coffee"}
    details = talk(settings={"first_sentence": sentence}, variables=variables)
    assert details.transcript[0].text == sentence
    assert details.transcript[1].speaker == "callee"
    assert details.transcript[1].text.startswith("Yes")
    assert "Home Cleaning" in details.transcript[2].text


@pytest.mark.parametrize(
    ("variables", "opening"),
    [
        ({"business_name": "South Bay Coffee"}, "South Bay Coffee"),
        ({"business_name": "Acme", "champion_name": "Sarah H"}, "Sarah H"),
        ({"firstName": "emily", "lastName": "JONES"}, "emily JONES"),
        ({"Patient Name": "Dr. Ada Lovelace"}, "Dr. Ada Lovelace"),
        ({"customer": "Bob"}, "Bob"),
        ({"name": "1234"}, ""),
        ({}, ""),
    ],
)
def test_a_call_without_a_prompt_opens_with_whom_the_list_names(
    variables: dict[str, str], opening: str
) -> None:
    for number in NUMBERS[:40]:
        details = talk(number, prompt="", pathway_id="p-1", variables=variables)
        assert opening in details.transcript[0].text
        assert len(details.transcript) >= 5
        assert "  " not in said(details)
        assert "()" not in details.summary


def test_what_nobody_would_read_out_stays_unspoken() -> None:
    variables = {
        "email": "e@example.com",
        "reachable_at": "office@example.com",
        "webhook": "https://example.com/1",
        "account_id": "A-77",
        "site": "http://secret.example",
        "story": "long " * 30,
        "": "blank",
        "empty": " ",
    }
    for number in NUMBERS[:40]:
        spoken = said(talk(number, variables=variables))
        assert not any(value.strip() in spoken for value in variables.values() if value.strip())


def test_yes_and_no_are_asked_about_as_such() -> None:
    spoken = {
        said(talk(number, variables={"is_member": value}))
        for number in NUMBERS[:40]
        for value in ("TRUE", "no")
    }
    assert any("is member: yes." in text for text in spoken)
    assert any("is member: no." in text for text in spoken)


# Time --------------------------------------------------------------------------------------------


def test_a_call_lasts_as_long_as_what_is_said_in_it() -> None:
    for number in NUMBERS[:50]:
        details = talk(number)
        words = len(said(details).replace("agent:", "").replace("callee:", "").split())
        spoken = words / WORDS_PER_SECOND
        assert spoken < details.duration_seconds < spoken + 2 + 2.5 * len(details.transcript)
        for one, following in pairwise(details.transcript):
            assert following.at_seconds - one.at_seconds >= len(one.text.split()) / 2.5


def test_the_end_of_a_call_agrees_with_its_duration() -> None:
    for mix in ("human", "voicemail"):
        events = events_of(request_to(NUMBERS[0]), simulator(speed=1, mix={mix: 1}))
        details = events[-1].details
        assert details is not None
        lasted = (events[-1].occurred_at - events[-2].occurred_at).total_seconds()
        assert lasted == pytest.approx(details.duration_seconds, abs=0.001)


def test_a_call_is_cut_at_its_maximum_duration() -> None:
    long_sentence = "Good morning and thank you for taking this call, " * 30
    request = {"max_duration": 1, "first_sentence": long_sentence + "Emily?"}
    details = talk(settings=request)
    assert details.duration_seconds == 60
    assert [turn.speaker for turn in details.transcript] == ["agent"]
    assert details.disposition == "AGENT_ENDED_CALL"
    assert details.summary.endswith("maximum duration.")
    assert details.extracted == {}
    assert "answered and" not in details.summary
    assert talk(settings={"max_duration": 30}).disposition != "AGENT_ENDED_CALL"


# Voicemail ---------------------------------------------------------------------------------------


def test_voicemail_is_hung_up_on_unless_a_message_is_to_be_left() -> None:
    for number in NUMBERS[:30]:
        hung_up = details_of(request_to(number), VOICEMAIL)
        assert [turn.speaker for turn in hung_up.transcript] == ["callee"]
        assert 8 <= hung_up.duration_seconds <= 13
        assert "No message was left." in hung_up.summary
        setting = {"voicemail": {"action": "leave_message", "message": "Hi Emily,\ncall us."}}
        left = details_of(request_to(number, settings=setting), VOICEMAIL)
        assert left.transcript[1].text == "Hi Emily, call us."
        assert "left a message" in left.summary
        assert (left.disposition, left.extracted) == ("NO_CONTACT_MADE", {})


@pytest.mark.parametrize(
    "variables", [{}, {"company": "South Bay Coffee"}, {"name": "Emily Jones"}]
)
@pytest.mark.parametrize("action", ["leave_message", "ignore"])
def test_without_a_message_the_agent_tells_voicemail_why_it_called(
    variables: dict[str, str], action: str
) -> None:
    for number in NUMBERS[:20]:
        setting = {"voicemail": {"action": action}}
        request = request_to(number, settings=setting, variables=variables)
        details = details_of(request, VOICEMAIL)
        assert "Home Cleaning on July 10." in details.transcript[1].text
        assert details.duration_seconds <= 35


# Anything may stand in a list ---------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(
    prompt=st.text() | st.from_regex(r"(You are|Never|<b>|# |- |[.?!。\n]|\W|\w|\{\{|\}){0,40}"),
    variables=st.dictionaries(st.text(max_size=12), st.text(max_size=70), max_size=5),
    first_sentence=st.text(max_size=30) | st.none(),
    number=st.sampled_from(NUMBERS),
    machine=st.booleans(),
)
def test_whatever_a_list_contains_a_call_has_a_clean_transcript(
    prompt: str, variables: dict[str, str], first_sentence: str | None, number: str, machine: bool
) -> None:
    request = CallRequest(
        correlation_id=request_to(number).correlation_id,
        to=number,
        prompt=prompt,
        variables=variables,
        settings={"first_sentence": first_sentence, "voicemail": {"action": "leave_message"}},
    )
    details = details_of(request, VOICEMAIL if machine else HUMANS)
    assert details.transcript
    for turn in details.transcript:
        assert turn.text.strip() == turn.text != ""
        assert "{{" not in turn.text
        assert "\n" not in turn.text
