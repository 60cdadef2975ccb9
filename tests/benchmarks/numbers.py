"""Read many numbers of every region in each spelling, and count those that become a stranger's.

    SECRET_KEY=x python -m tests.benchmarks.numbers [numbers per region and type]    (default: 100)

Prints every stranger, the totals, and the time to read a number beside the time that libphonenumber
takes to parse, check and format it. Ends with status 1 if there was a stranger.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

import phonenumbers

from campaigns.e164 import parse
from tests.campaigns.number_spellings import E164, numbers_of, spellings_of, verdict


def main() -> None:
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    verdicts: Counter[str] = Counter()
    written = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for number in numbers_of(region, each=each):
            e164 = phonenumbers.format_number(number, E164)
            written.append((e164, region))
            for spelling in spellings_of(number, region):
                found = verdict(spelling, number, region)
                verdicts[found] += 1
                if found == "stranger":
                    print(region, e164, repr(spelling), parse(spelling, region=region))
    print(
        f"{len(phonenumbers.SUPPORTED_REGIONS)} regions, {len(written):,} numbers, "
        f"{verdicts.total():,} spellings: {verdicts['read']:,} read, "
        f"{verdicts['refused']:,} refused, {verdicts['stranger']:,} strangers"
    )
    began = time.process_time()
    for e164, region in written:
        parse(e164, region=region)
    ours = time.process_time() - began
    began = time.process_time()
    for e164, region in written:
        number = phonenumbers.parse(e164, region)
        phonenumbers.is_valid_number(number)
        phonenumbers.format_number(number, E164)
    library = time.process_time() - began
    print(
        f"{ours / len(written) * 1e6:.1f} µs a number; libphonenumber alone "
        f"{library / len(written) * 1e6:.1f} µs"
    )
    sys.exit(verdicts["stranger"] > 0)


if __name__ == "__main__":
    main()
