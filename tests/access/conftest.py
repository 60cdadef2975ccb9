"""Programs that ask the API, as in its own tests."""

from __future__ import annotations

from tests.api.conftest import make_program, program

__all__ = ["make_program", "program"]
