"""What linters that integrators use say about the OpenAPI documents: nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from batchcalls.blandapi.docs.document import document
from tests import node
from tests.api.test_schema import SCHEMA

DOCUMENTS = {"api": SCHEMA, "bland": document()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    node.need_node()
    folder = tmp_path_factory.mktemp("documents")
    return {name: node.write(folder, name, one) for name, one in DOCUMENTS.items()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_redocly_finds_neither_errors_nor_warnings(name: str, files: dict[str, str]) -> None:
    ended = node.run("redocly", "lint", "--format=json", "--max-problems=1000", files[name])
    assert [
        f"{one['ruleId']} at {one['location'][0].get('pointer')}: {one['message']}"
        for one in json.loads(ended.stdout)["problems"]
    ] == []
    assert ended.returncode == 0, ended.stderr


def test_spectral_finds_nothing(files: dict[str, str], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    output = ("--format=json", f"--output={report}", "--fail-severity=hint")
    ended = node.run("spectral", "lint", *output, *files.values())
    assert [
        f"{one['code']} at {'/'.join(map(str, one['path']))}: {one['message']}"
        for one in json.loads(report.read_text("utf-8"))
    ] == []
    assert ended.returncode == 0, ended.stdout + ended.stderr
