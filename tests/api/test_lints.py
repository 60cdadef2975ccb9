"""What linters that integrators use say about the OpenAPI documents: nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import node
from tests.api.test_schema import SCHEMA

DOCUMENTS = {"api": SCHEMA}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    node.need_node()
    folder = tmp_path_factory.mktemp("documents")
    return [node.write(folder, name, document) for name, document in DOCUMENTS.items()]


def test_redocly_finds_neither_errors_nor_warnings(files: list[str]) -> None:
    ended = node.run("redocly", "lint", "--format=json", "--max-problems=1000", *files)
    told = json.loads(ended.stdout)
    assert [
        f"{one['ruleId']} at {one['location'][0].get('pointer')}: {one['message']}"
        for one in told["problems"]
    ] == []
    assert ended.returncode == 0, ended.stderr


def test_spectral_finds_nothing(files: list[str], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    output = ("--format=json", f"--output={report}", "--fail-severity=hint")
    ended = node.run("spectral", "lint", *output, *files)
    assert [
        f"{one['code']} at {'/'.join(map(str, one['path']))}: {one['message']}"
        for one in json.loads(report.read_text("utf-8"))
    ] == []
    assert ended.returncode == 0, ended.stdout + ended.stderr
