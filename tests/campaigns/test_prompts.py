"""Templates: what they need, what they say, and what is wrong with them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.prompts import (
    BUILT_IN,
    MissingVariable,
    PromptError,
    Template,
    is_blank,
    names_in,
    render_values,
    unknown_variables,
)


def render(text: str, **values: str) -> str:
    return Template.parse(text).render(values)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hello", "Hello"),
        ("", ""),
        ("Hello {{name}}!", "Hello Ann!"),
        ("{{name}}{{name}}", "AnnAnn"),
        ("{{ name }}", "Ann"),
        ("{{\u00a0name\n}}", "Ann"),
        ("{{request_data. name}}", "Ann"),
        ("{{name|there}}", "Ann"),
        ("{{name|}}", "Ann"),
        ("{{city|there}}", "there"),
        ("{{ city | out there }}", "out there"),
        ("{{request_data.city|there}}", "there"),
        ("{{city|}}.", "."),
        ("{{city|a|b}}", "a|b"),
        ("{{city|a } b}}", "a } b"),
        ('{"a": {"b": 1}} and {{name}}}', '{"a": {"b": 1}} and Ann}'),
        ("{name} }}", "{name} }}"),
    ],
)
def test_a_template_says_values_and_defaults(text: str, spoken: str) -> None:
    assert render(text, name="Ann") == spoken


@pytest.mark.parametrize(
    "name", ["first name", "first_name", "e-mail", "address.city", "2nd", "pr\u00e9nom", "नाम"]
)
def test_names_of_usual_columns_are_variables(name: str) -> None:
    assert Template.parse(f"{{{{{name}}}}}").render({name: "x"}) == "x"


def test_a_template_tells_which_variables_it_uses_and_which_it_cannot_do_without() -> None:
    template = Template.parse("{{a}} {{b|x}} {{c|x}} {{c}} {{request_data.d|}}")

    assert template.names == {"a", "b", "c", "d"}
    assert template.required == {"a", "c"}


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0", "\u200b\ufeff", "\x00"])
def test_a_blank_value_is_never_a_gap_in_speech(blank: str) -> None:
    assert is_blank(blank)
    assert render("Hello {{name|there}}", name=blank) == "Hello there"
    with pytest.raises(MissingVariable) as error:
        render("Hello {{name}}", name=blank)
    assert error.value.name == "name"


def test_numbers_of_a_json_list_are_spoken_and_null_is_no_value() -> None:
    assert Template.parse("{{n}} {{f}} {{none|?}}").render({"n": 0, "f": 1.5, "none": None}) == (
        "0 1.5 ?"
    )


def test_an_absent_value_is_named_with_the_remedy() -> None:
    with pytest.raises(MissingVariable) as error:
        render("Hello {{first name}}")

    assert str(error.value) == (
        "{{first name}} has no value for this recipient; "
        "fill it in, or give a default such as {{first name|there}}."
    )


def test_variables_are_matched_with_their_case() -> None:
    with pytest.raises(MissingVariable):
        render("{{Name}}", name="Ann")


def test_braces_in_a_cell_are_spoken_as_text_and_reveal_no_other_variable() -> None:
    assert render("Hi {{name}}", name="{{secret}} {{", secret="42") == "Hi {{secret}} {{"


@pytest.mark.parametrize(
    ("text", "position", "line", "message"),
    [
        ("Hi {{name", 3, 1, "{{ is never closed; write }} after the variable's name."),
        ("Hi\n\n{{name, {{age}}", 4, 3, "{{ is never closed; write }} after the variable's name."),
        ("{{{{name}}}}", 0, 1, "{{ is never closed; write }} after the variable's name."),
        ("a {{}}", 2, 1, "the braces name no variable; write {{name}} with the name of a column."),
        (
            "\n{{ok}}{{request_data.}}",
            7,
            2,
            "the braces name no variable; write {{name}} with the name of a column.",
        ),
        (
            "{{#if x}}",
            0,
            1,
            'a variable\'s name cannot contain "#"; '
            "use letters, digits, spaces, and any of _ - . only.",
        ),
        (
            "{{a\u200bb}}",
            0,
            1,
            'a variable\'s name cannot contain "U+200B"; '
            "use letters, digits, spaces, and any of _ - . only.",
        ),
        (
            "{{{name}}}",
            0,
            1,
            'a variable\'s name cannot contain "{"; '
            "use letters, digits, spaces, and any of _ - . only.",
        ),
    ],
)
def test_a_malformed_template_names_line_and_remedy(
    text: str, position: int, line: int, message: str
) -> None:
    with pytest.raises(PromptError) as error:
        Template.parse(text)

    assert (error.value.position, error.value.line) == (position, line)
    assert str(error.value) == f"Line {line}: {message}"


def test_the_set_of_templates_of_a_call_needs_what_any_of_them_needs() -> None:
    templates = names_in(
        {
            "prompt": "Call {{name}}",
            "first_sentence": "Hi {{name|there}}",
            "voicemail": {"action": "leave_message", "message": "{{company}} called"},
            "keywords": ["{{product|}}", 3, None],
            "record": True,
        }
    )

    assert templates.names == {"name", "company", "product"}
    assert templates.required == {"name", "company"}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"voicemail": {"message": "a\n{{x"}}, "voicemail.message, line 2: "),
        ({"tools": ["ok", "{{x"]}, "tools item 2, line 1: "),
        (["{{x"], "item 1, line 1: "),
        ("{{x", "Line 1: "),
    ],
)
def test_a_malformed_template_in_a_structure_is_found_by_its_place(
    value: object, place: str
) -> None:
    with pytest.raises(PromptError) as error:
        names_in(value)

    assert error.value.message.startswith(place + "{{ is never closed")


def test_every_string_of_a_call_setting_is_rendered_and_the_rest_is_kept() -> None:
    setting = {"message": "Hi {{name}}", "tries": [1, 2.5, None, True, "{{name}}"], "{{k}}": ("x",)}

    assert render_values(setting, {"name": "Ann"}) == {
        "message": "Hi Ann",
        "tries": [1, 2.5, None, True, "Ann"],
        "{{k}}": ["x"],
    }
    assert setting["message"] == "Hi {{name}}"


def test_a_missing_value_in_a_call_setting_is_an_error() -> None:
    with pytest.raises(MissingVariable):
        render_values({"message": ["{{name}}"]}, {})


@pytest.mark.parametrize(
    ("name", "columns", "message"),
    [
        ("Name", ["name"], "{{Name}} has no column; did you mean {{name}}?"),
        (
            "first name",
            ["first_name", "name"],
            "{{first name}} has no column; did you mean {{first_name}}?",
        ),
        ("compnay", ["company"], "{{compnay}} has no column; did you mean {{company}}?"),
        ("Now", [], "{{Now}} has no column; did you mean {{now}}?"),
        (
            "city",
            ["amount"],
            "{{city}} has no column; map one to it, or give a default such as {{city|there}}.",
        ),
        (
            "x" * 60,
            [],
            "{{" + "x" * 39 + "…}} has no column; "
            "map one to it, or give a default such as {{" + "x" * 39 + "…|there}}.",
        ),
    ],
)
def test_an_unknown_variable_suggests_what_was_meant(
    name: str, columns: list[str], message: str
) -> None:
    (unknown,) = unknown_variables({name}, columns)

    assert (unknown.name, unknown.message) == (name, message)


def test_columns_and_what_the_call_provides_are_known() -> None:
    assert unknown_variables({"name", *BUILT_IN}, ["name"]) == []


def test_unknown_variables_come_in_alphabetical_order() -> None:
    found = unknown_variables({"zzz", "aaa"}, ["NAME"], with_default={"name", "other"})

    assert [variable.name for variable in found] == ["aaa", "name", "zzz"]


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("{{name|there}}", []),
        ("{{Company|us}}", ["Company"]),  # everybody would silently hear the default
        ("{{Company|us}} {{Company}}", ["Company"]),
        ("{{company|us}} {{ally|us}}", []),
        ("{{name}}", ["name"]),
    ],
)
def test_a_variable_with_a_default_may_be_absent_but_not_misspelt_by_case(
    text: str, unknown: list[str]
) -> None:
    found = names_in(text).unknown(["company"])

    assert [variable.name for variable in found] == unknown


def test_the_system_promises_only_variables_it_can_fill() -> None:
    assert BUILT_IN.isdisjoint({"city", "state", "zip"})
    assert {"phone_number", "to", "from", "call_id", "now", "timezone"} <= BUILT_IN


def test_a_prompt_is_parsed_once_for_all_its_recipients() -> None:
    assert Template.parse("Hello {{name}}") is Template.parse("Hello {{name}}")


@given(text=st.text(alphabet="ab {}|.\n_#é", max_size=40), value=st.text())
def test_any_text_is_a_template_or_a_prompt_error(text: str, value: str) -> None:
    try:
        template = Template.parse(text)
    except PromptError as error:
        position = error.position
    else:
        position = None
    if position is not None:
        assert text[position:].startswith("{{")
    elif value.isprintable() and value.strip():
        spoken = template.render(dict.fromkeys(template.names, value))
        assert value in spoken if template.names else spoken == text
    elif not template.required:
        assert isinstance(template.render({}), str)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="ab {}"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=json_like)
def test_a_structure_without_variables_is_rendered_as_it_is(value: object) -> None:
    try:
        templates = names_in(value)
    except PromptError:
        return
    if not templates.names:
        assert json.dumps(render_values(value, {})) == json.dumps(value)


@pytest.mark.parametrize(
    "cell",
    ["NULL", "null", "N/A", "n/a", "#N/A", "nan", "NaN", "-", "–", "None", " None ", "#REF!", "{}"],
)
def test_the_default_is_spoken_where_an_export_wrote_no_value(cell: str) -> None:
    assert Template.parse("Hi {{name|there}}.").render({"name": cell}) == "Hi there."
    assert is_blank(cell)


@pytest.mark.parametrize("cell", ["Null", "Nan", "none", "NA", "0", "-5", "no", "n", "Na", "x-"])
def test_names_and_answers_that_look_like_no_value_are_spoken(cell: str) -> None:
    assert not is_blank(cell)
