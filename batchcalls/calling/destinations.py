"""What calls may reach: numbers of recipients, transfers, messages and caller IDs, and hosts.

Only accounts that ring people have limits of numbers. The account's list and the allowed hosts may
have changed since the list of recipients was checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from batchcalls.calling import caller_ids
from batchcalls.models import Batch, Recipient
from campaigns import allowed_hosts, call_settings
from campaigns.allowed_hosts import AllowedHost, Hosts
from campaigns.call_settings import sealing
from campaigns.countries import NotPermitted, Permitted

#: The reason code of a secret setting whose key is gone.
UNREADABLE = "setting_unreadable"


def check(permitted: Permitted, batch: Batch, recipient: Recipient) -> NotPermitted | None:
    """Return why a recipient may not be called, or a number of its call not be used, or None."""
    return (
        permitted.check(recipient.e164)
        or check_settings(permitted, recipient.call_settings)
        or check_settings(permitted, batch.call_settings)
    )


def check_settings(permitted: Permitted | None, settings: Mapping[str, Any]) -> NotPermitted | None:
    """Return why a number in call settings may not be used, and which one, or None."""
    if permitted is None:
        return None
    for path, number in call_settings.numbers_in(settings):
        # The value of a variable is known only when the call is placed.
        if number.startswith("+") and (refused := _check(permitted, number)):
            return replace(refused, message=f"{path} {number}: {refused.message}")
    return None


@lru_cache(maxsize=4096)
def _check(permitted: Permitted, number: str) -> NotPermitted | None:
    return permitted.check(number)


def why_unusable(batch: Batch) -> NotPermitted | None:
    """Return why a number or an address of a batch may not be used, or None.

    Its caller ID may be switched off, a number be of a country that the account may not call, or
    data go to a host that is not allowed.
    """
    own = batch.call_settings.get("from")
    if own and batch.account.caller_ids.filter(e164=own, enabled=False).exists():
        return NotPermitted(caller_ids.SWITCHED_OFF, caller_ids.why_off(own))
    urls = [
        *allowed_hosts.addresses_in(batch.call_settings),
        *(
            (name, url)
            for name in ("status_webhook", "batch_webhook")
            if (url := getattr(batch, name))
        ),
    ]
    return (
        _check_secrets(batch.call_settings)
        or check_settings(batch.account.permitted, batch.call_settings)
        or _check_addresses(urls, AllowedHost.objects.current)
    )


def check_hosts(settings: Mapping[str, Any], hosts: Callable[[], Hosts]) -> NotPermitted | None:
    """Return why data may not go to an address in call settings, or None."""
    return _check_secrets(settings) or _check_addresses(allowed_hosts.addresses_in(settings), hosts)


def _check_secrets(settings: Mapping[str, Any]) -> NotPermitted | None:
    """Return which secret setting nobody can read, or None."""
    for name, value in settings.items():
        if sealing.is_sealed(value):
            return NotPermitted(
                UNREADABLE,
                f"{name} was encrypted with a SECRET_KEY that is gone. Put that key into "
                f"SECRET_KEY_FALLBACKS, or set {name} again.",
            )
    return None


def _check_addresses(
    urls: Iterable[tuple[str, str]], hosts: Callable[[], Hosts]
) -> NotPermitted | None:
    for path, url in urls:
        if refused := allowed_hosts.refused_url(url, hosts(), path=path):
            return NotPermitted(refused.code, refused.message)
    return None
