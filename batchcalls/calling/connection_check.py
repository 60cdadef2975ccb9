"""Check whether a voice account works, without placing a call, and describe the result."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import structlog

from batchcalls.models import VoiceAccount
from batchcalls.voice.base import ConnectionReport
from batchcalls.voice.errors import OptionsInvalid, VoiceError

log: Any = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCheck:
    """The result of a check. ``tone`` is success, warning or danger.

    ``seconds`` is the duration, None when no request was sent. ``report`` is the provider's
    answer, None when there was none or it was invalid.
    """

    tone: str
    sentence: str
    seconds: float | None
    report: ConnectionReport | None = None


def check(account: VoiceAccount) -> ConnectionCheck:
    """Ask the provider whether the account works; describe every failure in a sentence.

    The check uses this process and its environment; a worker on another host has its own.
    """
    began = time.monotonic()
    report, tone, code = None, "danger", ""
    try:
        report = account.voice_provider().check_connection()
    except OptionsInvalid as error:
        sentence, code = str(error), "account_unusable"
    except VoiceError as error:
        sentence, code = str(error), error.code
    except Exception as error:
        # The adapter is broken. Its message may contain the request, a traceback the key.
        name = type(error).__name__
        sentence = f"The adapter of {account.get_provider_display()} failed ({name})."
        code = f"adapter_{name}"
    else:
        tone, sentence = "warning" if report.warning else "success", report.sentence
    seconds = time.monotonic() - began
    log.info(
        "account.connection_checked",
        account_id=account.pk,
        tone=tone,
        code=code,
        seconds=round(seconds, 3),
    )
    was_asked = code != "account_unusable" if report is None else bool(report.address)
    return ConnectionCheck(
        tone=tone, sentence=sentence, seconds=seconds if was_asked else None, report=report
    )
