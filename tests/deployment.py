"""The deployment of config/deploy on loopback: its nginx and its services, from its own files.

Only the variables of deploy.env differ from a host: ports, paths, and numbers of processes.
"""

from __future__ import annotations

import os
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.installation import ROOT, WEBHOOK_SECRET, Installation, free_port, listens, wait_for

FOLDER = ROOT / "config" / "deploy"
UNITS = FOLDER / "systemd"
SERVICES = ("pages", "api", "hooks", "stop")
#: Where the units expect the release and its virtual environment.
RELEASE = "/opt/batchcalls/current/"


def need_nginx() -> None:
    """Skip a test if nginx is not installed; on CI, fail instead."""
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("nginx is not installed.")
        pytest.skip("nginx is not installed. On Debian: apt-get install nginx-light")


def unit(name: str) -> dict[str, list[str]]:
    """Return the directives of a systemd unit, each with its values in their order."""
    found: dict[str, list[str]] = {}
    for line in (UNITS / name).read_text("utf-8").splitlines():
        if line and line[0] not in "#[":
            directive, _, value = line.partition("=")
            found.setdefault(directive, []).append(value)
    return found


def environment_of(name: str) -> dict[str, str]:
    """Return what a unit sets itself."""
    pairs = " ".join(unit(name)["Environment"]).split()
    return dict(pair.split("=", 1) for pair in pairs)


class Deployment:
    """A running deployment. ``url`` is nginx's, with TLS."""

    def __init__(self, here: Installation, folder: Path, port: int, certificate: Path) -> None:
        self.here, self.folder, self.port, self.certificate = here, folder, port, certificate
        self.url = f"https://127.0.0.1:{port}"

    def context(self) -> ssl.SSLContext:
        """Return what a client needs to trust this deployment."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def start_service(self, instance: str, *, release: Path = ROOT) -> subprocess.Popen[bytes]:
        """Start a service of a release as its unit does, without waiting."""
        (line,) = unit("batchcalls-web@.service")["ExecStart"]
        program, *options = shlex.split(line)
        assert program == f"{RELEASE}.venv/bin/gunicorn"
        gunicorn = Path(sys.executable).with_name("gunicorn")
        command = "env", f"SERVICE={instance}", str(gunicorn), *options
        return self.here.start(*command, release=release)

    def wait_for_service(self, instance: str) -> None:
        """Wait until its socket is there, which gunicorn makes before its processes."""
        socket = self.folder / f"{instance}.sock"
        wait_for(socket.exists, seconds=30, what=f"{instance} listens")

    def start_nginx(self) -> None:
        """Start nginx with the template, filled in by the documented command."""
        template = FOLDER / "nginx.conf.template"
        filled = subprocess.run(
            [sys.executable, FOLDER / "render.py", template],
            env=self.here.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        configuration = self.folder / "nginx.conf"
        configuration.write_text(filled.stdout)
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        assert nginx
        self.here.start(nginx, "-c", str(configuration), "-g", "daemon off;")
        wait_for(lambda: listens(self.port), seconds=10, what="nginx listens")


@contextmanager
def deployed(
    folder: Path,
    database_url: str,
    *,
    processes: int,
    services: Sequence[str] = SERVICES,
    **environment: object,
) -> Iterator[Deployment]:
    """Start nginx and services on loopback; end them all."""
    # The path of a socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="deployed-") as run_dir:
        run = Path(run_dir)
        certificate, key = _certificate(run)
        (run / "nginx").mkdir()
        port = free_port()
        variables = {
            "RUN_DIR": run,
            "MEDIA_ROOT": folder / "media",
            "STATIC_ROOT": folder / "static",
            "NGINX_USER": "root" if os.getuid() == 0 else os.environ.get("USER", "nobody"),
            "NGINX_PID": run / "nginx.pid",
            "NGINX_TEMP": run / "nginx",
            "NGINX_ACCESS_LOG": folder / "access.log",
            "NGINX_ERROR_LOG": folder / "error.log",
            "LISTEN_HTTP": f"127.0.0.1:{free_port()}",
            "LISTEN_HTTPS": f"127.0.0.1:{port}",
            "TLS_CERTIFICATE": certificate,
            "TLS_KEY": key,
            **{f"{name.upper()}_PROCESSES": processes for name in SERVICES},
            **{f"{name.upper()}_THREADS": 4 if name == "stop" else 8 for name in SERVICES},
        }
        ours = environment_of("batchcalls-web@.service")
        ours = {name: value for name, value in ours.items() if name not in {"SERVICE", "DATA_DIR"}}
        application = {
            "PUBLIC_URL": f"https://127.0.0.1:{port}",
            "BLAND_API_KEY": "key",
            "BLAND_WEBHOOK_SECRET": WEBHOOK_SECRET,
        }
        whole = {**variables, **application, **ours, **environment}
        with Installation(folder, database_url, **whole) as here:
            deployment = Deployment(here, run, port, certificate)
            for name in services:
                deployment.start_service(name)
            for name in services:
                deployment.wait_for_service(name)
            deployment.start_nginx()
            yield deployment


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
