"""The long version of the test with lying lists: shares of lost answers, with 1 and 4 hosts.

    tests/with-postgres python -m tests.benchmarks.lying_lists [recipients] [hosts …]

Prints what the carrier's ledger says; exits 1 if anybody was dialed three times, or if a list that
denies everything paused nothing.
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
    from tests import lying_lists
    from tests.databases import new_database

    numbers = [int(word) for word in sys.argv[1:]]
    recipients = numbers[0] if numbers else 200
    wrong = False
    for hosts in numbers[1:] or [1, 4]:
        for share in (0.05, 0.3, 1.0):
            with tempfile.TemporaryDirectory() as name, new_database(Path(name)) as url:
                verdict = lying_lists.run(
                    Path(name),
                    url,
                    recipients=recipients,
                    workers=hosts,
                    faults={"error_after_rate": share},
                )
            most = max(verdict.dialed.values())
            failed = most > 2 or (share == 1.0 and "list_doubted" not in verdict.pauses)
            wrong = wrong or failed
            print(f"{hosts} hosts, {recipients:,} recipients, {share:.0%} of the answers lost:")
            print(f"  dialed at most {most} times; calls until each resume: {verdict.rounds}")
            print(f"  pauses: {verdict.pauses}; recipients: {dict(verdict.statuses)}")
            print(f"  batch: {verdict.batch_status}; log: {dict(verdict.log)}", flush=True)
            if failed:
                print("  WRONG")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
