"""Work per prompt is bounded, whatever somebody writes into it."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns import call_settings, prompts
from campaigns.call_settings import normalizing


@pytest.fixture
def comparisons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were compared with others."""
    compared: list[str] = []

    def compare(name: str, *args: Any, **options: Any) -> list[str]:
        compared.append(name)
        return []

    monkeypatch.setattr("difflib.get_close_matches", compare)
    monkeypatch.setattr(normalizing, "get_close_matches", compare)
    return compared


def test_few_of_many_unknown_variables_are_compared_with_the_columns(
    comparisons: list[str],
) -> None:
    names = [f"unknown_{number:04}" + "x" * 900 for number in range(2_000)]

    unknown = prompts.unknown_variables(names, [f"column_{number}" for number in range(200)])

    assert len(unknown) == 2_000
    assert len(comparisons) == prompts.MOST_SUGGESTIONS
    assert all(len(name) <= prompts.COMPARED_CHARACTERS for name in comparisons)


def test_few_of_many_unknown_settings_are_compared_with_those_that_exist(
    comparisons: list[str],
) -> None:
    found = call_settings.normalize({f"unknown_{number}": 1 for number in range(2_000)})

    assert len(found.problems) == 2_000
    assert len(comparisons) == normalizing.MOST_SUGGESTIONS


def test_a_prompt_has_a_limit_of_characters(settings: Any) -> None:
    settings.MAX_PROMPT_CHARACTERS = 1_000
    assert prompts.Template.parse("x" * 1_000).render({}) == "x" * 1_000

    with pytest.raises(prompts.PromptError) as refused:
        prompts.Template.parse("x" * 1_001)
    assert str(refused.value) == "Line 1: 1,001 characters are too many; shorten the text to 1,000."


def test_a_text_without_variables_has_the_same_limit_wherever_it_stands(settings: Any) -> None:
    settings.MAX_PROMPT_CHARACTERS = 1_000
    with pytest.raises(prompts.PromptError) as refused:
        prompts.names_in({"prompt": "Hi", "voicemail": {"message": "x" * 2_000}})
    assert refused.value.message.startswith("voicemail.message, line 1: 2,000 characters")


def test_a_prompt_has_a_limit_of_different_variables(settings: Any) -> None:
    settings.MAX_PROMPT_VARIABLES = 10
    many = "".join(f"{{{{v{number}}}}}" for number in range(10))
    assert len(prompts.Template.parse(many * 5).names) == 10

    with pytest.raises(prompts.PromptError, match=r"11 different variables; use 10 at most\."):
        prompts.Template.parse(many + "{{v10}}")
