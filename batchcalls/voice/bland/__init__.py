"""The adapter for Bland AI: places calls over HTTPS, reads webhooks, polls silent calls."""

from __future__ import annotations

from batchcalls.voice.bland.provider import BlandProvider

__all__ = ["BlandProvider"]
