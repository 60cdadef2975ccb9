"""The table of call settings at /api/docs/."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from batchcalls.api.docs import setting_groups
from campaigns.call_settings import REGISTRY, Section
from campaigns.call_settings.describing import older_names, place_in_words, type_in_words
from tests.admin.call_rows import person
from tests.api.conftest import MakeProgram

GROUPS = dict(setting_groups())


@pytest.fixture(scope="module")
def rows() -> dict[str, str]:
    """The text of each row of the page, by the setting's name."""
    page = Client().get("/api/docs/").content.decode()
    found = re.findall(r'<th scope="row"><code>(\w+)(.*?)</tr>', page, flags=re.DOTALL)
    return {name: html.unescape(re.sub(r"<[^>]+>", " ", row)) for name, row in found}


@pytest.mark.parametrize("name", REGISTRY)
def test_each_setting_has_a_row_with_all_there_is_to_know(name: str, rows: dict[str, str]) -> None:
    setting, row = REGISTRY[name], rows[name]
    for told in (
        type_in_words(setting.schema),
        setting.help,
        place_in_words(setting),
        *older_names(setting),
        *setting.choices,
    ):
        assert told in row


def test_the_table_lists_settings_once_and_nothing_else(rows: dict[str, str]) -> None:
    listed = [row.name for group in GROUPS.values() for row in group]
    assert sorted(listed) == sorted(rows) == sorted(REGISTRY)


def test_defaults_are_written_as_json_would_have_them() -> None:
    shown = {row.name: row.default for group in GROUPS.values() for row in group}
    assert (shown["language"], shown["record"], shown["temperature"], shown["voice"]) == (
        *("babel-en", "false", "0.7"),
        "",
    )


def test_settings_stand_in_the_sections_of_the_form() -> None:
    assert list(GROUPS) == ["Call", *(section.label for section in Section), "Older settings"]
    assert "voicemail" in [row.name for row in GROUPS["Voicemail"]]
    assert "amd" in [row.name for row in GROUPS["Older settings"]]


@pytest.mark.django_db
@pytest.mark.one_database
@pytest.mark.parametrize("url", ["/api/schema/", "/api/docs/"])
def test_a_setting_says_who_may_read_them(
    url: str, settings: Any, make_program: MakeProgram
) -> None:
    _, signed_in = person()
    program = make_program(group="")

    settings.API_DOCS = "staff"
    assert Client().get(url)["Location"].startswith("/login/?next=")
    assert signed_in.get(url).status_code == program.get(url).status_code == 200

    settings.API_DOCS = "off"
    assert {one.get(url).status_code for one in (Client(), signed_in, program)} == {404}
