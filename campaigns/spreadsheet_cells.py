"""Cells that a spreadsheet program would run instead of showing them.

Source: OWASP, CSV injection. A leading apostrophe makes such a program treat a cell as text.
"""

from __future__ import annotations

import re

# Some programs skip blanks before the sign, and read full-width signs as the usual ones. A plus or
# minus is harmless before a plain number. A cell that already has an apostrophe gets another one,
# so that `restore` is exact.
_RUNS = re.compile(
    r"'*(?:[\t\r]|[\s\u200b\ufeff]*(?:[=@\uff1d\uff20]|[+\-\uff0b\uff0d](?![\d\s().,-]*$)))"
)


def neutralise(cell: str) -> str:
    """Return a cell that is shown and not run; +12025550123 and -3.5 stay unchanged."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def restore(cell: str) -> str:
    """Undo `neutralise`."""
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell) else cell
