"""A cell of a list stays a cell, whatever stands in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import quoted_values
from campaigns.prompts import MissingVariable, Template
from campaigns.quoted_values import CLOSES, NOTE, OPENS


def rendered(text: str, listed: dict[str, str], **known: str) -> str:
    return quoted_values.render(Template.parse(text), known, listed)


def test_values_of_the_list_stand_between_marks_and_the_prompt_says_why() -> None:
    prompt = rendered("Call {{name}} at {{to}}.", {"name": "Ann"}, to="+12025550190")
    assert prompt == f"{NOTE}Call ⟦Ann⟧ at +12025550190."


@pytest.mark.parametrize(
    ("text", "listed"),
    [("Hello.", {"name": "Ann"}), ("Hello {{name|there}}.", {"name": " "}), ("At {{to}}.", {})],
)
def test_a_prompt_without_listed_values_stays_as_it_was_written(
    text: str, listed: dict[str, str]
) -> None:
    assert NOTE not in rendered(text, listed, to="+12025550190")


def test_a_blank_value_of_the_list_hides_a_known_one() -> None:
    with pytest.raises(MissingVariable):
        rendered("{{to}}", {"to": ""}, to="+12025550190")


@given(st.text())
def test_no_value_gets_out_of_its_marks(value: str) -> None:
    prompt = rendered("Call {{name|somebody}} now.", {"name": value})
    body = prompt.removeprefix(NOTE)
    assert body.count(OPENS) == body.count(CLOSES) <= 1
    assert body.startswith("Call ")
    assert body.endswith(" now.")
    if OPENS in body:
        assert body.startswith(f"Call {OPENS}")
        assert body.endswith(f"{CLOSES} now.")


def test_what_is_said_has_neither_note_nor_marks() -> None:
    assert quoted_values.plain(rendered("Call {{name}}.", {"name": "⟦An⟧n"})) == "Call Ann."
