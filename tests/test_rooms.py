"""Rules about the rooms of `batchcalls/` that import contracts in pyproject.toml cannot express."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.rooms import PACKAGE, modules

ROOMS = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))


@pytest.mark.parametrize("room", [room for room in ROOMS if room.name != "migrations"], ids=str)
def test_every_room_says_in_its_first_sentence_what_lives_there(room: Path) -> None:
    docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8"))) or ""

    assert docstring.partition("\n")[0].endswith((".", ":"))


def test_a_new_module_goes_into_a_room_and_not_beside_them() -> None:
    beside = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}

    assert beside == {
        "apps",
        "checks",
        "health",
        "queue",
        "tasks",
    }


@pytest.mark.parametrize("room", ["voice", "net"])
def test_providers_and_requests_to_others_know_no_database(room: str) -> None:
    imported = {
        node.module
        for module, path in modules().items()
        if module.startswith(f"batchcalls.{room}")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
    }

    assert not {module for module in imported if module.startswith("django.db")}
