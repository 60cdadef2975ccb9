"""What a provider is asked to say: the row's words, and what the system knows of the call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from batchcalls.calling import call_requests
from batchcalls.models import Batch, CallResult, Recipient
from batchcalls.voice.base import CallRequest
from campaigns import quoted_values
from campaigns.prompts import MissingVariable


def request(
    prompt: str, *, to: str = "+12025550190", settings: Any = None, **row: Any
) -> CallRequest:
    batch = Batch(prompt=prompt, call_settings=settings or {})
    recipient = Recipient(e164=to, **row)
    call = CallResult(
        attempt=2,
        to_number=to,
        from_number="+442079460100",
        claimed_at=datetime(2026, 3, 4, 15, 30, tzinfo=UTC),
    )
    return call_requests.build(batch, recipient, call)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("{{to}} {{phone_number}} {{from}}", "+12025550190 +12025550190 +442079460100"),
        ("{{short_to}} {{short_from}}", "2025550190 2079460100"),
        ("{{country}}", "US"),
        ("{{timezone}}", "America/New_York"),
        ("{{now}}", "Wednesday, March 04, 2026 10:30"),
        ("{{now_utc}}", "2026-03-04 15:30"),
        ("{{ name }} {{request_data.name}} {{nick|friend}}", "Ann Ann friend"),
    ],
)
def test_built_in_variables_are_filled_in(prompt: str, said: str) -> None:
    asked = request(prompt, request_data={"name": "Ann"})
    assert quoted_values.plain(asked.prompt) == said


def test_the_rows_own_variable_wins_over_a_built_in_one() -> None:
    asked = request("{{country}}", request_data={"country": "Narnia"})
    assert asked.prompt.endswith("\n⟦Narnia⟧")


def test_a_value_is_never_read_as_a_template() -> None:
    asked = request("{{name}}", request_data={"name": "{{to}}"})
    assert asked.prompt.endswith("\n⟦{to}⟧")


@pytest.mark.parametrize(
    "prompt", ["{{a}}{{b}}", "https://x.example/{{a}}{{b}}", "{{a}}@x.example"]
)
@pytest.mark.parametrize("trusted", ["", "a\nb"])
def test_no_value_reaches_the_provider_as_a_template(prompt: str, trusted: str) -> None:
    asked = request(
        prompt,
        settings={
            "first_sentence": "Hi {{a}}{{b}}!",
            "voicemail": {"action": "leave_message", "message": "{{a}}{{b}}"},
        },
        request_data={"a": "x{", "b": "{now}}", "c": '{"d": {"e": "{{now}}"}}', "f": "{{now}}"},
        trusted=trusted,
    )
    sent = [asked.prompt, asked.settings["first_sentence"], asked.settings["voicemail"]["message"]]
    assert not any("{{" in text for text in [*sent, *asked.variables.values()])
    assert asked.settings["first_sentence"] == "Hi xnow!"
    assert asked.variables["c"] == '{"d": {"e": "{ {now}}"}}'
    assert asked.variables["f"] == "now"


def test_sentences_and_request_data_have_neither_line_breaks_nor_control_characters() -> None:
    asked = request(
        "{{note}}",
        settings={
            "first_sentence": "Hello {{note}}!",
            "voicemail": {"action": "leave_message", "message": "About {{note}}."},
        },
        request_data={"note": "one\ntwo\x07 \u2028three", "gap": "N/A"},
    )
    assert asked.settings["first_sentence"] == "Hello one two three!"
    assert asked.settings["voicemail"]["message"] == "About one two three."
    assert asked.variables == {"note": "one two three", "gap": ""}
    assert "⟦one\ntwo" in asked.prompt


def test_a_trusted_text_is_not_marked_and_the_others_are() -> None:
    asked = request(
        "{{offer}} for {{name}}",
        request_data={"offer": "Line one.\nLine two.", "name": "Ann"},
        trusted="offer",
    )
    assert asked.prompt.removeprefix(quoted_values.NOTE) == "Line one.\nLine two. for ⟦Ann⟧"


def test_what_is_spoken_word_for_word_has_no_marks() -> None:
    asked = request(
        "Call {{name}}.",
        settings={"first_sentence": "Hello {{name}}!"},
        request_data={"name": "Ann"},
    )
    assert asked.settings["first_sentence"] == "Hello Ann!"
    assert "⟦Ann⟧" in asked.prompt


def test_spoken_settings_are_rendered_and_the_rows_settings_win() -> None:
    asked = request(
        "Hi.",
        settings={
            "first_sentence": "Hello {{name}}!",
            "voice": "June",
            "webhook": "https://a.example/{{x}}",
        },
        request_data={"name": "Ann"},
        call_settings={"voice": "Nat"},
    )

    assert asked.settings == {
        "first_sentence": "Hello Ann!",
        "voice": "Nat",
        "webhook": "https://a.example/{{x}}",
    }


def test_a_missing_value_is_an_error_and_never_a_gap() -> None:
    with pytest.raises(MissingVariable, match="name"):
        request("Hi {{name}}.", request_data={"name": " "})


def test_the_rows_own_pathway_takes_the_place_of_the_prompt() -> None:
    asked = request("Hi.", call_settings={"pathway_id": "pw-2", "pathway_version": 3})

    assert (asked.prompt, asked.pathway_id, asked.pathway_version) == ("", "pw-2", "3")
    assert asked.settings == {}
