#!/usr/bin/env python3
"""Print a template with ${NAME} replaced: by the environment, or else by deploy.env.

Names that deploy.env does not have stay as they are, because nginx has variables of its own.
"""

import os
import re
import sys
from pathlib import Path

DEFAULTS = Path(__file__).with_name("deploy.env")


def defaults() -> dict[str, str]:
    """Return the documented variables with their defaults."""
    lines = DEFAULTS.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def render(template: str, values: dict[str, str]) -> str:
    """Return the template with the values filled in."""
    return re.sub(r"\$\{([A-Z_]+)\}", lambda found: values.get(found[1], found[0]), template)


if __name__ == "__main__":
    known = {name: os.environ.get(name, default) for name, default in defaults().items()}
    sys.stdout.write(render(Path(sys.argv[1]).read_text("utf-8"), known))
