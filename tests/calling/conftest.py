"""Fixtures of the tests of calling: the carrier that Bland accounts call through."""

from __future__ import annotations

from tests.voice.bland_account import carrier, carrier_process

__all__ = ["carrier", "carrier_process"]
