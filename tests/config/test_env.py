"""Configuration: typed, from the environment or a file, and refused when it makes no sense."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from batchcalls import checks
from config import env

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("SECRET_KEY", "SECRET_KEY_FILE", "DATABASE_URL", "DATABASE_URL_FILE", "DEBUG"):
        # Set first, so that what the code under test sets is undone as well.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize(
    ("read", "given", "sentence"),
    [
        (lambda: env.boolean("X", default=True), "maybe", "not a boolean"),
        (lambda: env.integer("X", default=1), "ten", "not a whole number"),
        (lambda: env.integer("X", default=1, at_least=1), "0", "the minimum is 1"),
        (lambda: env.url("X", default="", schemes=frozenset({"https"})), "ftp://a", "https://"),
        (lambda: env.database("X", default=""), "mysql://a/b", "sqlite:/// or postgres://"),
        (lambda: env.text("X"), "", "X_FILE"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_the_remedy(
    read: Any, given: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X", given)
    with pytest.raises(ImproperlyConfigured, match="X") as refused:
        read()
    assert sentence in str(refused.value)


def test_values_are_read_as_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "1_000")
    assert env.integer("X", default=1) == 1000
    monkeypatch.setenv("X", "Yes")
    assert env.boolean("X", default=False) is True
    monkeypatch.setenv("X", " a, ,b ")
    assert env.items("X", default=[]) == ["a", "b"]
    monkeypatch.setenv("X", "https://calls.example.com/")
    assert env.url("X", default="", schemes=frozenset({"https"})) == "https://calls.example.com"


def test_every_value_may_come_from_a_file(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("Y_FILE", str(tmp_path / "secret"))
    assert env.text("Y") == "from a file"


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    ours = {"SECRET_KEY", "DEBUG", "DATABASE_URL", "BROKER_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={**kept, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "environment",
    [{"DEBUG": "false"}, {"DATABASE_URL": "postgres://db/calls"}],
    ids=["production", "configured database"],
)
def test_there_is_no_secret_to_fall_back_on_once_anything_is_configured(
    environment: dict[str, str], tmp_path: Path
) -> None:
    ran = manage("check", DATA_DIR=str(tmp_path), **environment)

    assert ran.returncode != 0
    assert "SECRET_KEY is not set" in ran.stderr


def test_an_unconfigured_copy_gets_a_key_of_its_own_that_only_its_owner_reads(
    clean: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "var" / "secret-key"
    env.provision_secret_key(path)
    first = path.read_text()
    env.provision_secret_key(path)

    assert len(first) >= 50
    assert path.read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.environ["SECRET_KEY_FILE"] == str(path)
    assert list(path.parent.iterdir()) == [path]


def test_a_configured_copy_gets_none(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean.setenv("DEBUG", "false")
    env.provision_secret_key(tmp_path / "key")
    clean.setenv("DEBUG", "true")
    clean.setenv("SECRET_KEY", "mine")
    env.provision_secret_key(tmp_path / "key")

    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize(
    ("changed", "check_id"),
    [
        ({"timeout": 10}, "batchcalls.E001"),
        ({"retry": 60}, "batchcalls.E002"),
        ({"max_attempts": 0}, "batchcalls.E003"),
        ({"ack_failures": False}, "batchcalls.E003"),
    ],
)
def test_queue_settings_that_run_tasks_twice_are_refused(
    settings: Any, changed: dict[str, Any], check_id: str
) -> None:
    assert checks.check_queue(None) == []
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, **changed}
    assert check_id in [problem.id for problem in checks.check_queue(None)]


def test_a_default_region_that_is_no_country_is_refused(settings: Any) -> None:
    assert checks.check_region(None) == []
    settings.DEFAULT_REGION = "ZZ"
    assert [problem.id for problem in checks.check_region(None)] == ["batchcalls.E004"]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="About SQLite's own settings.")
def test_sqlite_forgets_no_claim() -> None:
    with connection.cursor() as cursor:
        found = {
            pragma: cursor.execute(f"PRAGMA {pragma}").fetchone()[0]
            for pragma in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_broker_without_its_client_is_refused(settings: Any, monkeypatch: Any) -> None:
    assert checks.check_broker(None) == []
    settings.BROKER_URL = "redis://127.0.0.1:6379/0"
    assert checks.check_broker(None) == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert [problem.id for problem in checks.check_broker(None)] == ["batchcalls.E005"]


def test_patience_shorter_than_a_providers_answer_is_warned_of(settings: Any) -> None:
    assert checks.check_patience(None) == []
    settings.STALE_CLAIM_SECONDS = 20
    assert [problem.id for problem in checks.check_patience(None)] == ["batchcalls.W006"]


@pytest.mark.parametrize("word", ["8-21", "21:00-08:00", "08:00-25:00", "always"])
def test_hours_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("SOME_HOURS", word)
    with pytest.raises(ImproperlyConfigured, match="08:00-21:00"):
        env.hours("SOME_HOURS", default="08:00-21:00")


def test_hours_are_read_as_from_and_until(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_HOURS", "00:00-24:00")
    assert env.hours("SOME_HOURS", default="08:00-21:00") == ["00:00", "24:00"]
