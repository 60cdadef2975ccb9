"""A running server that speaks the API, and a key for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.databases import NewDatabase
from tests.installation import Installation, free_port

_MAKE_KEY = """
from django.contrib.auth.models import User
from batchcalls.access import api_keys
from batchcalls.models import Scope
owner = User.objects.create_superuser("integrator")
print(api_keys.create(owner, name="a program", scopes=Scope.values)[1])
"""


@dataclass(frozen=True, slots=True)
class Server:
    """An installation with web server and worker; ``url`` is what clients change to."""

    here: Installation
    url: str
    key: str


@contextmanager
def server(
    folder: Path, new_database: NewDatabase, *, speed: float = 0, **environment: object
) -> Iterator[Server]:
    """Run an installation whose simulator talks at that speed."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (
        new_database(folder) as database,
        Installation(folder, database, PUBLIC_URL=url, **environment) as here,
    ):
        here.ask(
            "VoiceAccount.objects.filter(pk=VoiceAccount.objects.built_in().pk)"
            f".update(options={{'speed': {speed}}})"
        )
        key = here.manage("shell", "--no-imports", "-c", _MAKE_KEY).strip()
        here.start_web(port)
        here.start_worker()
        yield Server(here, url, key)
