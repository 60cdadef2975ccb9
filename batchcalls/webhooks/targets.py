"""Where messages may be sent: judged when an address is given, and again at each delivery."""

from __future__ import annotations

import threading
import time
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ValidationError

from batchcalls.net import addresses

#: How long a judgment holds for addresses that are given; deliveries judge anew.
_HOLDS_SECONDS = 60
#: How long the lookup of an address that is given may take.
_LOOKUP_SECONDS = 2.0


def judge(url: str) -> addresses.Address:
    """Look up an address, and return it checked. Raise `addresses.Refused`."""
    return addresses.judge(url, named=settings.WEBHOOK_ALLOWED_HOSTS)


def require(url: str) -> str:
    """Raise `ValidationError` unless messages may be sent to an address that somebody gives.

    Return a warning, or blank: a host that cannot be found is no error, because it may be set up
    later, and a web server may know fewer names than the workers, which deliver.
    """
    refused = _refused(url, tuple(settings.WEBHOOK_ALLOWED_HOSTS), _minute())
    if refused is None:
        return ""
    if refused.code != "not_found":
        raise ValidationError(str(refused))
    return f"{refused} Check the address: messages to it fail until it can."


@lru_cache(maxsize=1_024)
def _refused(url: str, named: tuple[str, ...], minute: int) -> addresses.Refused | None:
    """Return why an address is refused. Kept, because calls arrive faster than names resolve.

    Nobody can stop a lookup, and whoever waits for it may hold up others, so it has a thread.
    """
    answers: list[addresses.Refused | None] = []

    def look_up() -> None:
        try:
            addresses.judge(url, named=named)
        except addresses.Refused as refused:
            answers.append(refused)
        else:
            answers.append(None)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(_LOOKUP_SECONDS)
    return answers[0] if answers else addresses.Refused("not_found", "The host cannot be found.")


def _minute() -> int:
    return int(time.monotonic() // _HOLDS_SECONDS)
