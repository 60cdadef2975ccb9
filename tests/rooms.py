"""Count the imports between the rooms of `batchcalls/`: ``python -m tests.rooms [--list]``.

A room is a folder or module directly in `batchcalls/`. Each pair of importing and imported module
counts once, wherever the import is in the file.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "batchcalls"


def modules() -> dict[str, Path]:
    """Return every module of the package with its file, without the migrations."""
    files = (path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)
    return {_dotted(path): path for path in files}


def _dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield the modules of the package that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in submodules)


def room_of(module: str) -> str:
    """Return the name of the room that a module is in."""
    return module.partition(".")[2].partition(".")[0]


def between_rooms() -> set[tuple[str, str]]:
    """Return the pairs of importing and imported module that are in different rooms."""
    known = modules()
    return {
        (module, imported)
        for module, path in known.items()
        for imported in imports_of(path, known)
        if room_of(module) != room_of(imported) != ""
    }


def main() -> None:
    """Print how many imports cross rooms, and between which rooms."""
    pairs = between_rooms()
    arrows = Counter((room_of(module), room_of(imported)) for module, imported in pairs)
    if "--list" in sys.argv:
        for (room, other), count in sorted(arrows.items()):
            sys.stdout.write(f"{count:4} {room} -> {other}\n")
    rooms = {room_of(module) for module in modules()} - {""}
    sys.stdout.write(
        f"{len(rooms)} rooms, {len(arrows)} arrows between them, {len(pairs)} imports.\n"
    )


if __name__ == "__main__":
    main()
