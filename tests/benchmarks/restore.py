"""The long version of the restore test: a backup in the middle of a large batch.

    tests/with-postgres python -m tests.benchmarks.restore [recipients]

Fails with the number of people who were dialed unasked, or twice.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.databases import new_database
    from tests.test_restore import restore_in_mid_batch

    recipients = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000
    with tempfile.TemporaryDirectory() as name, new_database(Path(name)) as url:
        restore_in_mid_batch(Path(name), url, recipients=recipients, cps=100)
        print(f"{recipients:,} recipients, {url.partition(':')[0]}: nobody was dialed twice")


if __name__ == "__main__":
    main()
