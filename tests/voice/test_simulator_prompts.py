"""What the simulated agent says of a prompt: a short quotation, without its rules."""

from __future__ import annotations

import pytest

from batchcalls.voice.simulator.dialogue import excerpt
from campaigns import prompts, quoted_values
from tests.voice.simulated import details_of, request_to, simulator

HUMANS = simulator(speed=0, mix={"human": 1})
NUMBERS = [f"+1303777{number}" for number in range(1000, 1030)]


def agent_lines(prompt: str, **changes: object) -> list[str]:
    """Return everything the agent says in a number of calls."""
    return [
        turn.text
        for number in NUMBERS
        for turn in details_of(request_to(number, prompt=prompt, **changes), HUMANS).transcript
        if turn.speaker == "agent"
    ]


@pytest.mark.parametrize(
    ("prompt", "quoted"),
    [
        (
            "You are calling Emily to remind her of home cleaning on July 10. Be polite.",
            "You are calling Emily to remind her of home cleaning on July 10.",
        ),
        (
            "You are calling South Bay Coffee and would like to speak with Sarah H. Thank them for "
            "their interest. If they ask not to be called again, apologize and end the call.",
            "Thank them for their interest.",
        ),
        (
            "# Role\nYou are a receptionist.\n\n## Task:\n1. Greet the customer.\n2. Tell them "
            "that their laundry is **ready**\n- Never mention prices\n- Don't argue",
            "Tell them that their laundry is ready.",
        ),
        ("<p>Remind   Emily</p>\n\n<b>of July.</b>", "Remind Emily. of July."),
        ("Ask Dr. Lovelace for help. Do not mention Mr. Babbage.", "Ask Dr. Lovelace for help."),
        ("You are Anna from Dr. Lovelace's. Remind them of July.", "Remind them of July."),
        ("You are Anna from Bright Homes.", "You are Anna from Bright Homes."),
        ("Never say no. Always be brief! When asked, hang up.", ""),
        (
            "Rappelez à Zoë son rendez-vous du 10 juillet.",
            "Rappelez à Zoë son rendez-vous du 10 juillet.",
        ),
        ("提醒客户七月十日的预约。请保持礼貌。", "提醒客户七月十日的预约。 请保持礼貌。"),
        ("", ""),
        (" \n\t", ""),
        ("*** --- ###", ""),
    ],
)
def test_a_prompt_is_quoted_without_markup_and_without_rules_for_the_agent(
    prompt: str, quoted: str
) -> None:
    assert excerpt(prompt) == quoted
    assert not quoted or any(quoted in line for line in agent_lines(prompt))


@pytest.mark.parametrize("prompt", ["", "Never mention prices.\nAlways say please."])
def test_without_anything_to_quote_the_agent_calls_about_the_list_or_an_update(prompt: str) -> None:
    lines = agent_lines(prompt, pathway_id="p-1")
    assert any("calling about service: Home Cleaning, date: July 10." in line for line in lines)
    assert not any("notes" in line or "prices" in line for line in lines)
    assert any("short update" in line for line in agent_lines(prompt, variables={}))


@pytest.mark.parametrize(
    "prompt", ["word " * 4_000, "x" * 20_000, "提" * 20_000, "Ask for it. " * 2_000, "<" * 20_000]
)
def test_a_prompt_of_20000_characters_is_quoted_in_a_breath(prompt: str) -> None:
    lines = agent_lines(prompt)
    assert all(len(line) < 350 for line in lines)
    assert any(prompt[:10] in line or "<" in prompt for line in lines)


def test_a_long_sentence_is_cut_between_words() -> None:
    quoted = excerpt("Remind Emily of " + "everything " * 100)
    assert quoted.endswith("everything…")
    assert len(quoted) <= 221


def test_marks_around_values_and_leftover_braces_are_not_spoken() -> None:
    template = prompts.Template.parse("Remind {{name}} of {{thing|her visit}}.")
    prompt = quoted_values.render(template, {}, {"name": "Emily {{x}}"})
    lines = agent_lines(prompt, variables={"name": "Emily {{x}}"})
    assert any("“Remind Emily x of her visit.”" in line for line in lines)
    assert not any(mark in line for line in lines for mark in ("{{", "}}", "⟦", "⟧", "copied"))


def test_values_that_are_not_in_the_list_are_not_invented() -> None:
    digits = [
        line for line in agent_lines("Call about it.", variables={}) if any(map(str.isdigit, line))
    ]
    assert digits == []
    assert not any("Emily" in line for line in agent_lines("Call about it.", variables={}))
