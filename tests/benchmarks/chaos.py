"""The long version of the chaos test, with 1, 4 and 8 worker hosts.

    tests/with-postgres python -m tests.benchmarks.chaos [recipients] [kills] [hosts …]

Prints the carrier's figures and every violation as a sentence; exits 1 if there is any.
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
    from tests import chaos
    from tests.databases import new_database

    numbers = [int(word) for word in sys.argv[1:]]
    recipients = numbers[0] if numbers else 2_000
    kills = numbers[1] if len(numbers) > 1 else 10
    wrong = 0
    for hosts in numbers[2:] or [1, 4, 8]:
        with tempfile.TemporaryDirectory() as name, new_database(Path(name)) as url:
            verdict = chaos.run(
                Path(name),
                url,
                recipients=recipients,
                kills=kills,
                workers=hosts,
                cps=100,
                seed=hosts,
                seconds=900,
            )
        wrong += len(verdict.wrong)
        requests = sum(verdict.answers.values())
        print(f"{hosts} hosts, {recipients:,} recipients, {verdict.kills} kills,", end=" ")
        print(f"{verdict.seconds:.0f} s, {url.partition(':')[0]}: {len(verdict.wrong)} wrong")
        print(f"  {requests:,} requests: {dict(verdict.answers.most_common())}")
        print(f"  recipients: {dict(verdict.statuses)}; batch: {verdict.batch_status}")
        print(f"  webhooks: {dict(verdict.webhooks)}", flush=True)
        for sentence in verdict.wrong[:20]:
            print(f"  WRONG: {sentence}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
