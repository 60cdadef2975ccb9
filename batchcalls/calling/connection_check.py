"""Whether a voice account works, asked of its provider without a call, in words for people."""

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
    """What came of asking. ``tone`` is success, warning or danger.

    ``seconds`` is how long it took, None when nobody had to be asked or could be. ``report`` is
    what the provider said, None when it did not answer, or not well.
    """

    tone: str
    sentence: str
    seconds: float | None
    report: ConnectionReport | None = None


def check(account: VoiceAccount) -> ConnectionCheck:
    """Ask the provider whether the account works; whatever goes wrong is a sentence.

    It is asked from this process and with its environment: a worker elsewhere has its own.
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
        # An adapter that is broken. Its text may hold what was sent, and a traceback the key.
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
