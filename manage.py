#!/usr/bin/env python
"""Run an administrative command."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Set up the environment and hand over to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415
    except ImportError:
        sys.exit("Django is not installed here. Run: pip install -e .")
    from config.env import provision_secret_key  # noqa: PLC0415

    provision_secret_key(Path(__file__).resolve().parent / "var" / "secret-key")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
