"""A built-in carrier that needs no account: seeded, deterministic and stateless."""

from __future__ import annotations

from batchcalls.voice.simulator.provider import SimulatorProvider

__all__ = ["SimulatorProvider"]
