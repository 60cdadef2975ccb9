"""Errors of placing a call. The type decides whether the recipient is dialed again.

* `CallRejected`: a definite, permanent no. The recipient is failed.
* `NotPlaced`: definitely no call exists, and the cause may be temporary. The attempt is withdrawn.
  `ProviderThrottled` is the provider's own "slow down". `AccountRefused` affects every call of
  the account: its batches are paused until a person fixes the cause.
* `OutcomeUnknown`: a call may exist. Never dial again before asking the provider.

Anything else that `VoiceProvider.place` raises is treated as `OutcomeUnknown`.
"""

from __future__ import annotations


class VoiceError(Exception):
    """Base of what a provider raises; ``code`` is stable, the text is for people."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class CallRejected(VoiceError):
    """The provider permanently refused this call (unknown number, blocked, bad parameter)."""


class NotPlaced(VoiceError):
    """No call exists; a retry after ``retry_after_seconds`` is safe."""

    def __init__(self, message: str, *, code: str, retry_after_seconds: float = 5.0) -> None:
        super().__init__(message, code=code)
        self.retry_after_seconds = retry_after_seconds


class ProviderThrottled(NotPlaced):
    """The provider said "too many"; it names the seconds to wait, or a sane default is used.

    ``account_wide`` means that the provider accepts no other call of the account earlier either.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        retry_after_seconds: float = 5.0,
        account_wide: bool = False,
    ) -> None:
        super().__init__(message, code=code, retry_after_seconds=retry_after_seconds)
        self.account_wide = account_wide


class AccountRefused(NotPlaced):
    """The provider accepts no calls of this account: bad key, no balance, wrong address."""


class OutcomeUnknown(VoiceError):
    """The answer was lost: the call may or may not exist."""


class OptionsInvalid(ValueError):
    """An account's provider options are unusable; the text names the option and the remedy.

    ``option`` is its name, for a form; ``part`` is the name within an option that has several
    values. Both are blank if no option is at fault, for example if the environment lacks a key.
    """

    def __init__(self, message: str, *, option: str = "", part: str = "") -> None:
        super().__init__(message)
        self.option = option
        self.part = part


class WebhookRefused(Exception):
    """A webhook may not be the provider's; the text says why and never contains a secret."""


class WebhookUnreadable(ValueError):
    """A webhook is genuine but differs from the provider's documentation."""
