"""From nothing to a running site with a finished sample batch, and back again with its data."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management.base import CommandError

from batchcalls.management.commands import quickstart as quickstart_command
from batchcalls.models import SignIn

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def quickstart(folder: Path, port: int) -> Iterator[Callable[[], str]]:
    """Run the command as on a machine where nothing is configured; yield a look at its output."""
    ours = {"SECRET_KEY", "DEBUG", "DATABASE_URL", "BROKER_URL", "LOG_LEVEL"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    output = folder / f"output-{time.monotonic_ns()}.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "quickstart", "--port", str(port)],
            env={**kept, "DATA_DIR": str(folder), "SECRET_KEY": "quickstart-test-" * 4},
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield output.read_text
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0, output.read_text()
    finally:
        process.kill()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "The web server is still there."


class Visitor:
    """Somebody with a browser that keeps cookies."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies)

    def get(self, path: str, **form: str) -> str:
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.root + path, data, {"Referer": self.root + path})
        with self.opener.open(request, timeout=10) as answer:
            return str(answer.read().decode())

    def send(self, page: str, **form: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(page))
        assert token is not None
        return self.get(page, csrfmiddlewaretoken=token[1], **form)

    def sign_in(self, password: str) -> str:
        page = "/login/?next=/batchcalls/batch/"
        return self.send(page, username="admin", password=password)


def wait_until(
    condition: Callable[[], object], *, seconds: float, output: Callable[[], str]
) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, output()
        time.sleep(0.2)


def is_last(output: str) -> bool:
    """Return whether the address is what one sees, below everything that was logged."""
    return output.endswith("/\nPress Ctrl-C to stop it.\n")


@pytest.mark.processes
def test_quickstart_runs_the_sample_and_a_second_start_keeps_everything(tmp_path: Path) -> None:
    port = free_port()
    visitor = Visitor(port)
    with quickstart(tmp_path, port) as output:
        wait_until(lambda: is_last(output()), seconds=180, output=output)
        found = re.search(r"Sign in as admin with the password (\S+)", output())
        assert found is not None, output()
        assert "Choose your own password to continue." in visitor.sign_in(found[1])
        password = "chosen-at-the-first-sign-in"
        new = {"new_password1": password, "new_password2": password}
        visitor.send("/password_change/", old_password=found[1], **new)
        assert "Sample batch" in visitor.get("/batchcalls/batch/")
        wait_until(
            lambda: "Sample batch" in visitor.get("/batchcalls/batch/?status=completed_partial"),
            seconds=180,
            output=output,
        )
        calls = visitor.get("/batchcalls/callresult/")
        assert "+12025550190" in calls
        stylesheet = re.search(r'href="(/static/admin/css/base[^"]*\.css)"', calls)
        assert stylesheet is not None
        assert "body" in visitor.get(stylesheet[1])

    with quickstart(tmp_path, port) as output:
        wait_until(lambda: is_last(output()), seconds=180, output=output)
        assert "with the password" not in output()
        assert "To reset the password, run: python manage.py changepassword admin" in output()
        page = Visitor(port).sign_in(password)
        assert page.count(">Sample batch<") == 1


@pytest.mark.processes
def test_a_port_that_is_taken_is_named_before_anything_is_set_up(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = subprocess.run(
            [sys.executable, "manage.py", "quickstart", "--port", str(port)],
            env={**os.environ, "DATA_DIR": str(tmp_path)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    assert ran.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in ran.stderr
    assert "--port" in ran.stderr
    assert not list(tmp_path.glob("*.sqlite3"))


@pytest.mark.django_db
@pytest.mark.one_database
class TestTheAdministrator:
    def test_has_the_name_and_password_that_were_asked_for(self) -> None:
        said = quickstart_command.ensure_admin("ann", "a-long-enough-phrase")

        assert said == "Sign in as ann with the password that you chose."
        assert User.objects.get(username="ann").check_password("a-long-enough-phrase")
        assert not SignIn.objects.filter(must_change_password=True).exists()

    @pytest.mark.parametrize(
        ("name", "password", "expected"),
        [("ann", "short", "too short"), ("a b", "", "valid username"), ("", "", "blank")],
    )
    def test_is_not_created_with_what_nobody_could_sign_in_with(
        self, name: str, password: str, expected: str
    ) -> None:
        with pytest.raises(CommandError, match=expected):
            quickstart_command.ensure_admin(name, password)
        assert not User.objects.exists()

    def test_is_not_replaced_by_a_second_start_which_says_so(self) -> None:
        User.objects.create_superuser("Ann O'Hara", password="a-long-enough-phrase")

        said = quickstart_command.ensure_admin("bob", "another-long-phrase")

        assert """manage.py changepassword 'Ann O'"'"'Hara'""" in said
        assert "apply only to the first start" in said
        assert User.objects.count() == 1
