"""Sets up and runs a new site with a finished sample batch."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import time as clock
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser

from batchcalls.access import audit
from batchcalls.batches import lifecycle
from batchcalls.drafting import drafts
from batchcalls.intake.uploads import ReadingOptions
from batchcalls.lists.mapping import Target
from batchcalls.management.audited import AuditedCommand
from batchcalls.models import Batch, SignIn, VoiceAccount
from campaigns.models import (
    CallingPolicy,
    CallingWindow,
    Campaign,
    PolicyRetryRule,
    Weekday,
)
from campaigns.vocabulary import RetryOutcome

DEMO_CAMPAIGN = "Demo: returning customers"
DEMO_POLICY = "Demo: any day, one retry"
SAMPLE_BATCH = "Sample batch"
SAMPLE_FILE = Path("batchcalls") / "sample-recipients.csv"
DEMO_PROMPT = (
    "You are calling {{business_name}} and would like to speak with {{champion_name|the owner}}. "
    "Thank them for their interest and ask whether they would like to hear about this month's "
    "offer. If they ask not to be called again, apologize and end the call."
)
STOP_SECONDS = 30


class Command(AuditedCommand):
    """Set up a trial installation and run it until Ctrl-C."""

    help = (
        "Set up a trial installation with an administrator and a sample batch on the simulator, "
        "then run the worker and the web server until Ctrl-C. Starting again keeps all data."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on.")
        parser.add_argument("--port", type=int, default=8000, help="Port to listen on.")
        parser.add_argument(
            "--username", default="admin", help="User name of the administrator to create."
        )
        parser.add_argument(
            "--password",
            default="",
            help="Password of the administrator to create; default: a random one, to be changed at "
            "the first sign-in. Other users of this machine can see the options of a command.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Set up, start both processes, and wait."""
        os.environ.setdefault("LOG_LEVEL", "WARNING")
        logging.getLogger("batchcalls").setLevel(os.environ["LOG_LEVEL"].upper())
        _check_port(options["host"], options["port"])
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        sign_in = ensure_admin(options["username"], options["password"])
        _ensure_sample()
        processes = {
            "worker": [sys.executable, sys.argv[0], "qcluster"],
            "web server": [
                *(sys.executable, "-m", "gunicorn", "config.wsgi", "--log-level", "warning"),
                *("--bind", f"{options['host']}:{options['port']}"),
                *("--worker-class", "gthread", "--threads", "8"),
            ],
        }

        def tell() -> None:
            """Say where to go when there is something to see, below what was logged before."""
            url = f"http://{options['host']}:{options['port']}/"
            self.stdout.write(
                f"{sign_in}\nBatch Calls is running at {url}\nPress Ctrl-C to stop it."
            )
            self.stdout.flush()

        _run_until_stopped(processes, (options["host"], options["port"]), tell)


def ensure_admin(username: str, password: str) -> str:
    """Create the first administrator, and return how to sign in.

    A random password is shown only this once, and must be changed at the first sign-in.
    """
    users = get_user_model()
    if first := users.objects.filter(is_superuser=True).order_by("pk").first():
        reset = f"python manage.py changepassword {shlex.quote(first.get_username())}"
        ignored = " --username and --password apply only to the first start." if password else ""
        return f"Sign in as {first.get_username()}. To reset the password, run: {reset}{ignored}"
    admin = users(username=username, is_staff=True, is_superuser=True)
    try:
        if password:
            validate_password(password, admin)
        admin.set_password(password or (generated := secrets.token_urlsafe(12)))
        admin.full_clean()
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    admin.save()
    audit.added(admin)
    if password:
        return f"Sign in as {username} with the password that you chose."
    SignIn.objects.create(user=admin, must_change_password=True)
    return (
        f"Sign in as {username} with the password {generated} "
        "(shown only this once). You will choose your own."
    )


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({error.strerror}). Choose another: --port."
            ) from error


def _ensure_sample() -> None:
    """Create and launch the sample batch, unless an earlier start did."""
    account = VoiceAccount.objects.built_in()
    campaign = Campaign.objects.filter(name=DEMO_CAMPAIGN).first() or _demo_campaign()
    if Batch.objects.filter(name=SAMPLE_BATCH).exists():
        return
    request = drafts.DraftRequest(
        name=SAMPLE_BATCH,
        campaign=campaign,
        account=account,
        reading=ReadingOptions(map_all=Target.REQUEST_DATA),
    )
    path = settings.BASE_DIR / "static" / SAMPLE_FILE
    with path.open("rb") as stream:
        batch = drafts.create(request, stream, file_name=path.name)
    lifecycle.submit(batch, launch=True)


def _demo_campaign() -> Campaign:
    policy, created = CallingPolicy.objects.get_or_create(
        name=DEMO_POLICY,
        defaults={"description": "For the simulator: calls at any hour. Not for real people."},
    )
    if created:
        CallingWindow.objects.bulk_create(
            CallingWindow(policy=policy, weekday=day, opens_at=clock(0), closes_at=clock(0))
            for day in Weekday.values
        )
        PolicyRetryRule.objects.create(
            policy=policy, outcome=RetryOutcome.BUSY, max_retries=1, wait_seconds=5
        )
    return Campaign.objects.create(name=DEMO_CAMPAIGN, prompt=DEMO_PROMPT, policy=policy)


def _listens(address: tuple[str, int]) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
        return True
    return False


def _run_until_stopped(
    commands: dict[str, list[str]], address: tuple[str, int], tell: Callable[[], None]
) -> None:
    """Run processes until a signal arrives or one of them ends, then end them all.

    Call ``tell`` once when the address accepts connections.

    Each has its own process group, so that it receives Ctrl-C once, and from this process.
    """
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _: stopping.append(signum))
    running = {
        name: subprocess.Popen(  # noqa: S603 - our own programs, no input of others
            command, env=environment, cwd=settings.BASE_DIR, start_new_session=True
        )
        for name, command in commands.items()
    }
    told = False
    try:
        while not stopping:
            if not told and _listens(address):
                tell()
                told = True
            for name, process in running.items():
                if process.poll() is not None:
                    raise CommandError(f"The {name} ended with status {process.returncode}.")
            time.sleep(0.2)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
