"""Bland AI: places calls over HTTPS, sends webhooks, and is asked about silent calls."""

from __future__ import annotations

from batchcalls.voice.bland.provider import BlandProvider

__all__ = ["BlandProvider"]
