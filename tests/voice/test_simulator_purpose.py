"""An agent says what its prompt wants of it, in its own voice."""

from __future__ import annotations

import pytest

from batchcalls.voice.simulator.purpose import Purpose, find_purpose


@pytest.mark.parametrize(
    ("prompt", "callee", "goal"),
    [
        (
            "You are calling Emily from South Bay to remind her of home cleaning on July 10.",
            "Emily",
            "remind you of home cleaning on July 10",
        ),
        (
            "You are calling Emily to confirm her Home Cleaning. Be polite.",
            "Emily Jones",
            "confirm your Home Cleaning",
        ),
        (
            "Your goal is to find out whether the customer is satisfied with their order.",
            "",
            "find out whether you are satisfied with your order",
        ),
        (
            "Call Sarah H and ask whether she still wants her appointment.",
            "Sarah H",
            "ask whether you still want your appointment",
        ),
        (
            "# Role\nYou are a receptionist.\n# Task\n1. Greet the customer.\n2. Tell them that "
            "their laundry is ready.",
            "",
            "tell you that your laundry is ready",
        ),
        (
            "Goal: remind the patient about the patient's appointment, then end the call.",
            "Bob",
            "remind you about your appointment",
        ),
        (
            "Remind Emily Jones’s assistant that Emily Jones, a member, has a car to pick up.",
            "Emily Jones",
            "remind your assistant that you, a member, has a car to pick up",
        ),
        (
            "Speak with Dr. Ada Lovelace and offer her, or her staff, help.",
            "Dr. Ada Lovelace",
            "offer you, or your staff, help",
        ),
        (
            "Ask Emily if he likes it himself and if it is hers.",
            "Emily",
            "ask you if you like it yourself and if it is yours",
        ),
        (
            "You are calling Dr. Lovelace at 5 p.m. to offer help, if she agrees.",
            "Dr. Lovelace",
            "offer help",
        ),
        (
            "Ask her whether she still brings guests, whether he goes or tries or passes, "
            "and if Emily Is happy.",
            "Emily",
            "ask you whether you still bring guests, whether you go or tries or passes, "
            "and if you are happy",
        ),
        (
            "Find out if she carries, or he misses, or she is in.",
            "",
            "find out if you carry, or you miss, or you are in",
        ),
        ("Ask if she unless he must.", "", "ask if you unless you must"),
        ("Confirm address.", "", "confirm the address"),
        ("Ask for it, and tell them " + "very " * 40 + "much.", "", ""),
        (
            "Ask about the weather in Lisbon today, " + "and so on " * 30,
            "",
            "ask about the weather in Lisbon today, " + "and so on " * 10 + "and so on",
        ),
    ],
)
def test_what_is_said_about_a_callee_is_said_to_them(prompt: str, callee: str, goal: str) -> None:
    assert find_purpose(prompt, callee=callee).goal == goal


@pytest.mark.parametrize(
    ("prompt", "purpose"),
    [
        ("", Purpose()),
        ("You are a helpful assistant.", Purpose()),
        ("Your job is to be firm.", Purpose()),
        ("Ask politely.", Purpose()),
        ("Ask Emily Jones.", Purpose()),
        ("You work for St. Mary's.", Purpose(organisation="St. Mary's")),
        ("Mention Al.", Purpose(goal="mention Al")),
        (
            "Hello, this is Max calling from Acme Corp about your invoice 47.",
            Purpose(topic="your invoice 47", agent="Max", organisation="Acme Corp"),
        ),
        (
            "You are calling customers about their visit and to ask for feedback.",
            Purpose(topic="your visit"),
        ),
        (
            "You're calling because Emily’s bill is overdue; ask if Emily wants to pay now.",
            Purpose(cause="your bill is overdue", extra="ask if you want to pay now"),
        ),
        (
            "You are Anna, an assistant at John’s Laundry. Remind Emily of July. Remind Emily of "
            "July. Be brief. Collect feedback.",
            Purpose(
                goal="remind you of July",
                extra="collect the feedback",
                agent="Anna",
                organisation="John's Laundry",
            ),
        ),
        (
            "Work from Monday on. You're Emily from Emily. Thank Emily for everything.",
            Purpose(goal="thank you for everything"),
        ),
    ],
)
def test_a_prompt_is_read_for_who_calls_and_why(prompt: str, purpose: Purpose) -> None:
    assert find_purpose(prompt, callee="Emily Jones") == purpose


@pytest.mark.parametrize("piece", ["calling ", "call to the ", "goal is ", "call x and ", "A of "])
def test_an_endless_prompt_is_read_as_far_as_its_first_page(piece: str) -> None:
    endless = find_purpose(piece * 50_000, callee="Emily")
    assert endless == find_purpose((piece * 500)[:3000], callee="Emily")
