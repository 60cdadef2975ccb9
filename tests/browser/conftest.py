"""A site with its workers, and a Chromium that reports whatever goes wrong on a page."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.installation import ROOT, Installation, free_port

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PASSWORD = "correct-horse-battery"
DESKTOP, PHONE = (1360, 900), (390, 844)

OpenPage = Callable[..., Page]

# Timing never decides a test.
expect.set_options(timeout=20_000)


class Site(Installation):
    """An installation with a web server, a worker and something to look at."""

    url: str


@contextmanager
def filled_site(folder: Path, *modules: str, **environment: str) -> Iterator[Site]:
    """Yield a new installation in a folder, filled by ``modules``, with a web server and a worker.

    Its administrator is ``ada``.
    """
    port = free_port()
    environment |= {
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": "pages-need-no-secret-but-a-long-enough-key-for-django",
    }
    with Site(folder, f"sqlite:///{folder / 'site.sqlite3'}", **environment) as site:
        site.url = f"http://127.0.0.1:{port}"
        site.manage("collectstatic", "--noinput", "--verbosity=0")
        site.manage("createsuperuser", "--noinput", "--username=ada", "--email=ada@example.com")
        for module in modules:
            fill = [sys.executable, "-m", module]
            subprocess.run(fill, env=site.environment, cwd=ROOT, check=True, capture_output=True)
        site.start_web(port)
        site.start_worker()
        yield site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    filled = "tests.showcase", "tests.browser.long_words"
    with filled_site(folder, *filled, CONFIRM_LAUNCH_ABOVE="3") as here:
        speed = "options={'speed': 40, 'seed': 7}"
        here.act(f"VoiceAccount.objects.update({speed})")
        yield here


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed.")
        pytest.skip("chromium is not installed. On Debian: apt-get install chromium")
    # Of the module only: as long as it runs, nothing else in this thread may use the database.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def wrong() -> list[str]:
    """What pages complained of: errors, warnings, broken policies, requests that failed."""
    return []


def watch(page: Page, wrong: list[str]) -> None:
    """Note in ``wrong`` whatever goes wrong on a page from now on."""

    def note(said: Any) -> None:
        if said.type in {"error", "warning"}:
            wrong.append(f"{page.url}: {said.text}")

    def note_failure(request: Any) -> None:
        # A page that is left breaks off what it was fetching.
        if "ERR_ABORTED" not in str(request.failure):
            wrong.append(f"{page.url}: {request.url} {request.failure}")

    page.on("console", note)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    page.on("requestfailed", note_failure)


@pytest.fixture
def open_page(chromium: Browser, site: Site, wrong: list[str]) -> Iterator[OpenPage]:
    """Open a page of a fresh profile; in the end nothing may have gone wrong on it."""
    contexts = []

    def open_one(
        size: tuple[int, int] = DESKTOP, scheme: str = "light", *, scripts: bool = True
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            java_script_enabled=scripts,
            base_url=site.url,
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        watch(page, wrong)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


def log_in(page: Page) -> None:
    page.goto("/login/?next=/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Dashboard", level=1).wait_for()


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    """The seed's example: a column of numbers and what the prompt calls by name."""
    path = tmp_path / "customers.csv"
    rows = "".join(
        f"+1202555{n:04},{name},Home Cleaning,July {10 + n % 9}\n"
        for n, name in enumerate(("Emily", "Noah", "Zoë", "Kwame"), start=160)
    )
    path.write_text(
        f"phone_number,customer_name,service,date\n{rows}n/a,Eve,Roof,July 12\n", encoding="utf-8"
    )
    return path
