"""The documents agree with the project: links, tests, variables, options, rooms."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from batchcalls.voice.options import options_of
from batchcalls.voice.registry import PROVIDERS
from batchcalls.voice.simulator.outcomes import FORCED_ENDINGS

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
#: Folders of an installation, not of the project.
_NOT_OURS = frozenset({"var", "venv", "node_modules"})
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in ROOT.rglob("*.md")
    if not any(part in _NOT_OURS or part.startswith(".") for part in path.relative_to(ROOT).parts)
)
every_document = pytest.mark.parametrize("name", DOCUMENTS)

_FENCED = re.compile(r"^(`{3,})[^\n]*\n.*?^\1$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"\]\(([^()\s]+)\)|\b(?:src|srcset|href)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} +(.+?)$", re.MULTILINE)
_EXTERNAL = re.compile(r"[a-z][a-z0-9+.-]*:|/")
_TEST_NAME = re.compile(r"`([\w/]+\.py)((?:::\w+)*)`")


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def links_of(text: str) -> Iterator[str]:
    """Yield the targets of links and pictures; code contains none."""
    prose = _CODE.sub("", _FENCED.sub("", text))
    for markdown, html in _LINK.findall(prose):
        yield markdown or html


def anchors_of(text: str) -> set[str]:
    """Return the anchors of the headings, as GitHub names them."""
    seen: Counter[str] = Counter()
    anchors = set()
    for heading in _HEADING.findall(_FENCED.sub("", text)):
        shown = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        anchors.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return anchors


def broken_links(text: str, folder: Path) -> list[str]:
    """Return the relative links of a document that lead nowhere."""
    broken = []
    for link in links_of(text):
        if _EXTERNAL.match(link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = folder / path
        if target.exists() and anchor:
            page = target.read_text("utf-8") if path else text
            is_found = anchor in anchors_of(page)
        else:
            is_found = target.exists()
        if not is_found:
            broken.append(link)
    return broken


def rows_of(text: str, heading: str = "") -> Iterator[list[str]]:
    """Yield the rows of the tables under a heading, or of all tables, without their headers."""
    section = text
    if heading:
        level = heading.partition(" ")[0]
        _, section = text.split(f"\n{heading}\n", 1)
        section = re.split(rf"^#{{1,{len(level)}}} ", section, maxsplit=1, flags=re.MULTILINE)[0]
    is_body = False
    for line in section.splitlines():
        if not line.startswith("|"):
            is_body = False
        elif is_body:
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        elif set(line) <= set("|-: "):
            is_body = True


def names_in(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


# Links -------------------------------------------------------------------------------------------


@every_document
def test_every_relative_link_leads_to_a_file_and_a_heading(name: str) -> None:
    assert broken_links(text_of(name), (ROOT / name).parent) == []


def test_a_broken_link_is_reported(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# There\n\n## Here & `now`\n\n## There\n")
    text = (
        "# Top\n[a](other.md) [b](other.md#here--now) [c](#top) [d](https://example.com/x)\n"
        "[e](other.md#there-1) [f](gone.md) [g](other.md#gone) [h](#gone) `[i](code.md)`\n"
        '```\n[j](fenced.md)\n# Fenced\n```\n<img src="gone.png">\n[k](#fenced)\n'
    )

    assert broken_links(text, tmp_path) == [
        "gone.md",
        "other.md#gone",
        "#gone",
        "gone.png",
        "#fenced",
    ]


def test_the_readme_fits_on_a_few_screens_and_shows_every_picture() -> None:
    readme = text_of("README.md")
    pictures = {f".pictures/{path.name}" for path in (ROOT / ".pictures").iterdir()}

    assert len(readme.splitlines()) <= 250
    assert pictures == {link for link in links_of(readme) if link.startswith(".pictures/")}


# Tests -------------------------------------------------------------------------------------------


def test_every_test_that_a_decision_or_a_threat_names_exists() -> None:
    decisions = [tuple(row) for row in rows_of(text_of("tests/README.md"))]
    decisions += [(threat, test) for threat, _, test in rows_of(text_of("SECURITY.md"))]
    missing = []
    for decision, held_by in decisions:
        named = _TEST_NAME.findall(held_by)
        if not named:
            missing.append(f"{decision}: names no test")
        for file, path in named:
            if not _is_defined(TESTS / file, path.split("::")[1:]):
                missing.append(f"{decision}: {file}{path}")

    assert missing == []


def _is_defined(file: Path, names: list[str]) -> bool:
    if not file.is_file():
        return False
    body = ast.parse(file.read_text("utf-8")).body
    for name in names:
        found = [
            node
            for node in body
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name
        ]
        if not found:
            return False
        body = found[0].body
    return True


# Configuration -----------------------------------------------------------------------------------


def settings_read() -> dict[str, str]:
    """Return the variables that the settings read, with the defaults that are constants."""
    found = {}
    for node in ast.walk(ast.parse(text_of("config/settings.py"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "env"
            and isinstance(node.args[0], ast.Constant)
        ):
            given = [*node.args[1:], *(one.value for one in node.keywords if one.arg == "default")]
            constant = next((one.value for one in given if isinstance(one, ast.Constant)), "")
            shown = str(constant).lower() if isinstance(constant, bool) else str(constant)
            found[str(node.args[0].value)] = shown
    return found


def test_the_table_of_variables_is_what_the_settings_read() -> None:
    documented = {
        name: default.strip("`")
        for cell, default, _ in rows_of(text_of("config/README.md"), "## Configuration")
        for name in names_in(cell)
    }
    read = settings_read()

    assert sorted(documented) == sorted(read)
    constants = {name: default for name, default in read.items() if default}
    assert {name: documented[name] for name in constants} == constants


# Voice providers ---------------------------------------------------------------------------------


def heading_of(label: str) -> str:
    """Return the heading of a provider: its label without the remark in parentheses."""
    return f"## {label.partition(' (')[0]}"


def test_every_variable_and_option_of_a_voice_provider_is_documented() -> None:
    guide = text_of("batchcalls/voice/README.md")
    for provider in PROVIDERS.values():
        heading = heading_of(provider.label)
        missing = f"batchcalls/voice/README.md lacks the heading “{heading}”."
        assert f"\n{heading}\n" in guide, missing
        rows = rows_of(guide, heading)
        documented = {name for cell, *_ in rows for name in names_in(cell)}
        options = {option.name for option in options_of(provider.options_type)}
        variables = {variable.name for variable in provider.environment({})}

        assert documented == options | variables, provider.label


def test_every_number_that_forces_a_result_is_documented() -> None:
    rows = rows_of(text_of("batchcalls/voice/README.md"), heading_of(PROVIDERS["simulator"].label))

    assert [cell for cell, *_ in rows if cell.isdecimal()] == list(FORCED_ENDINGS)


# Rooms -------------------------------------------------------------------------------------------


def test_the_table_of_rooms_is_the_layers_contract_with_each_rooms_first_sentence() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    expected = [
        [str(layer), f"`{room}`", _first_sentence(ROOT / "batchcalls" / room)]
        for layer, rooms in enumerate(layers, start=1)
        for room in rooms.split(" | ")
    ]

    assert list(rows_of(text_of("CONTRIBUTING.md"), "### Rooms")) == expected


def _first_sentence(room: Path) -> str:
    file = room / "__init__.py" if room.is_dir() else room.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    first = re.match(r".*?\.(?=\s|$)", docstring)
    return first[0] if first else ""
