"""Fixtures of the tests of voice providers."""

from __future__ import annotations

from tests.voice.bland_account import carrier, carrier_process

__all__ = ["carrier", "carrier_process"]
