"""Do-not-call entries of which only the SHA-256 of the number is known.

Brokers hash E.164 (``+12025550123``, as Google Customer Match asks for) or its digits
(``12025550123``, as Meta Custom Audiences asks for); North American lists also hash the ten
national digits. A hash does not say which, so a number is looked up in each form.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from campaigns import same_phone

#: What a stored entry begins with; its digest follows in lower case.
PREFIX: Final = "sha256:"
LONGEST_ENTRY: Final = len(PREFIX) + 64
#: A digest in a text, as hexadecimal digits.
DIGEST: Final = re.compile(r"(?:\bsha-?256:\s*)?\b([0-9a-f]{64})\b", re.IGNORECASE)
#: The first digits of North American numbers, whose national digits are hashed too.
NORTH_AMERICA: Final = "+1"


def entry_of(text: str) -> str:
    """Return the entry for a text that is a digest, else ""."""
    digest = DIGEST.fullmatch(text.strip())
    return PREFIX + digest[1].lower() if digest else ""


def is_hashed(entry: str) -> bool:
    """Return whether an entry is a hash instead of a number."""
    return entry.startswith(PREFIX)


def hash_of(e164: str) -> str:
    """Return the entry that forbids calling a number by the hash of its E.164 form."""
    return PREFIX + sha256(e164.encode()).hexdigest()


def hashes_of(e164: str) -> list[str]:
    """Return every entry that forbids calling a number by its hash."""
    spellings = [text for one in same_phone.spellings_of(e164) for text in (one, one[1:])]
    if e164.startswith(NORTH_AMERICA):
        spellings.append(e164[2:])
    return [PREFIX + sha256(text.encode()).hexdigest() for text in spellings]
