"""Write every file of this folder again: ``python -m tests.data.awkward.make``."""

from __future__ import annotations

from pathlib import Path

from tests.data.awkward.texts import TEXTS
from tests.data.awkward.workbooks import WORKBOOKS

HERE = Path(__file__).parent
FILES = TEXTS | WORKBOOKS
#: Compressed, so that its bytes depend on the version of zlib.
COMPRESSED = "bomb.xlsx"


def readme() -> str:
    """Return the table of files for people."""
    rows = (f"| `{name}` | {what} |\n" for name, (what, _) in FILES.items())
    return (
        "# Awkward lists\n\n"
        "What spreadsheets, exports, and people do to lists, one difficulty per file. The\n"
        "expected result of each is in [awkward_cases.py](../../lists/awkward_cases.py).\n"
        "`make.py` writes the files and this page:\n\n"
        "    python -m tests.data.awkward.make\n\n"
        "| File | What is awkward about it |\n| --- | --- |\n" + "".join(rows)
    )


def main() -> None:
    for name, (_, content) in FILES.items():
        (HERE / name).write_bytes(content)
    (HERE / "README.md").write_text(readme(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
