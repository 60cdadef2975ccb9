"""Programs of npm that tests run, as `tests/npm/package.json` pins them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).with_name("npm")
HOW_TO_INSTALL = f"npm ci --prefix {FOLDER.relative_to(Path(__file__).parents[1])}"
#: They neither report what they did nor look for newer versions of themselves.
_QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}


def need_node() -> None:
    """Skip a test if the programs are not installed; on CI, fail instead."""
    if not (FOLDER / "node_modules").is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"The programs of npm are not installed: {HOW_TO_INSTALL}")
        pytest.skip(f"The programs of npm are not installed. {HOW_TO_INSTALL}")


def path_of(program: str) -> str:
    """Return the path of an installed program."""
    return str(FOLDER / "node_modules" / ".bin" / program)


def run(program: str, *arguments: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    """Run an installed program and return how it ended, and what it printed."""
    return subprocess.run(
        [path_of(program), *arguments],
        check=False,
        cwd=folder,
        env={**os.environ, **_QUIET},
        capture_output=True,
        text=True,
        timeout=120,
    )


def write(folder: Path, name: str, document: dict[str, Any]) -> str:
    """Write an OpenAPI document for a program; return its path."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)
