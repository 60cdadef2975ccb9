"""Fixtures that many tests share."""

from __future__ import annotations

import dataclasses
import gc
import io
import logging
import math
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from batchcalls import tasks
from batchcalls.batches import lifecycle
from batchcalls.calling import chunks
from batchcalls.database import clock as database_clock
from batchcalls.drafting import drafts
from batchcalls.intake import runner
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists.mapping import Target
from batchcalls.models import Batch, VoiceAccount, WebhookEndpoint
from batchcalls.reporting import kept
from batchcalls.states import BatchStatus
from batchcalls.webhooks import endpoints
from campaigns.models import AllowedHost
from tests import databases
from tests.webhooks.receiver import NOW, Receiver, receiving

PROMPT = "Call {{business_name}} about their order."

MakeBatch = Callable[..., Batch]

DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "new_database"}

pytest.register_assert_rewrite("tests.voice.contract")

# Timing never decides a test. CI runs the same examples each time; local runs look for new ones.
hypothesis.settings.register_profile("everywhere", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "everywhere")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests whose behavior depends on the kind of database."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        uses_database = fixtures & DATABASE_FIXTURES or item.get_closest_marker("django_db")
        if uses_database and not item.get_closest_marker("one_database"):
            item.add_marker("database")


def pytest_collection_finish() -> None:
    """Spare the garbage collector thousands of tests and modules that live to the end."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the resources shared by the workers of a run when all of them are done."""
    if not hasattr(config, "workerinput"):
        databases.drop_templates()


@pytest.fixture(scope="session")
def new_database() -> databases.NewDatabase:
    """Create databases for the installations that a test starts."""
    return databases.new_database


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Give each process of the run a copy of the database that one of them migrated.

    SQLite's is a file, because threads and processes of a test share it.
    """
    with (
        databases.new_database(tmp_path_factory.mktemp("database")) as url,
        databases.connected_to(url, django_db_blocker),
    ):
        databases.let_flushes_pass()
        yield


@pytest.fixture(autouse=True)
def media(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Store a test's files in its own folder."""
    request.getfixturevalue("settings").MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture(autouse=True)
def one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the database along when a test travels in time; a real server would stay behind."""
    monkeypatch.setattr(database_clock, "_has_own_clock", lambda: False)
    # Clocks that other tests set are forgotten.
    monkeypatch.setattr(database_clock, "_steps", database_clock._Steps())


@pytest.fixture(autouse=True)
def example_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the names of examples lead to a public address, whatever network the tests have.

    No part of a name may be longer than 63 characters: such names are known nowhere.
    """
    look_up = socket.getaddrinfo
    examples = re.compile(r"([^.]{1,63}\.)*(example|example\.com|example\.org)")

    def resolve(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if isinstance(host, str) and examples.fullmatch(host):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]
        return look_up(host, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.fixture(autouse=True)
def counted_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count figures whenever they are shown, however slow the machine is."""
    monkeypatch.setattr(kept, "WORTH_KEEPING_SECONDS", math.inf)


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    """Forget how much is logged after a command that a test called in this process."""
    log = logging.getLogger("batchcalls")
    level = log.level
    yield
    log.setLevel(level)


@pytest.fixture
def account(db: None) -> VoiceAccount:
    """The simulator at full speed."""
    built_in = VoiceAccount.objects.built_in()
    built_in.options = {"speed": 0}
    built_in.save()
    return built_in


@pytest.fixture
def make_batch(account: VoiceAccount) -> MakeBatch:
    """Create a draft from the text of a list, or from numbers."""

    def make(*numbers: str, text: str = "", **fields: Any) -> Batch:
        rows = "".join(f"{number},Shop {index}\n" for index, number in enumerate(numbers))
        content = text or f"phone_number,business_name\n{rows}"
        reading = {"map_all": Target.REQUEST_DATA}
        for field in dataclasses.fields(ReadingOptions):
            if field.name in fields:
                reading[field.name] = fields.pop(field.name)
        request = drafts.DraftRequest(
            **{
                "name": "Test",
                "account": account,
                "prompt": PROMPT,
                "purpose": "" if fields.get("campaign") else "informational",
                "reading": ReadingOptions(**reading),
                **fields,
            }
        )
        return drafts.create(request, io.BytesIO(content.encode()), file_name="list.csv")

    return make


@pytest.fixture
def run(account: VoiceAccount) -> Callable[..., Batch]:
    """Launch a batch and run it until it ends or pauses, as one worker would."""

    def carry(batch: Batch, *, launch: bool = True, steps: int = 200) -> Batch:
        if launch:
            lifecycle.submit(batch, launch=True)
        for _ in range(steps):
            batch.refresh_from_db()
            if batch.is_over or batch.status == BatchStatus.PAUSED:
                return batch
            tasks.step(batch, seconds=2)
        raise AssertionError(f"{batch} is still {batch.status} at {timezone.now()}")

    return carry


@pytest.fixture
def launched(make_batch: Any) -> Callable[..., Batch]:
    def launch(*numbers: str, **fields: Any) -> Batch:
        batch = make_batch(*numbers, **fields)
        lifecycle.submit(batch, launch=True)
        runner.run_batch(batch.pk, seconds=30)
        chunks.queue_due(batch.account, now=timezone.now())
        batch.refresh_from_db()
        return batch

    return launch


@pytest.fixture
def example_hosts(db: None) -> None:
    """Let data of calls go to example.com and the names below it."""
    for host in ("example.com", "*.example.com"):
        AllowedHost.objects.create(host=host)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    with receiving() as running:
        yield running


@pytest.fixture
def endpoint(receiver: Receiver) -> WebhookEndpoint:
    return endpoints.create(url=receiver.url())


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that starts at NOW, keeps ticking, and can be moved by the test."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller
