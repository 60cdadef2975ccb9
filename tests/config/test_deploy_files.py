"""The files of config/deploy agree with each other and with the settings."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.urls import reverse
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from config import bodies
from tests.deployment import FOLDER, ROOT, SERVICES, UNITS, environment_of, unit

NGINX = (FOLDER / "nginx.conf.template").read_text("utf-8")
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
BATCH = "2d4a6c88-1111-4111-8111-111111111111"

# Variables ---------------------------------------------------------------------------------------


def variables() -> dict[str, str]:
    lines = (FOLDER / "deploy.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_templates_use_the_documented_variables_and_no_others() -> None:
    gunicorn = (FOLDER / "gunicorn.py").read_text("utf-8")
    used = set(re.findall(r"\$\{(\w+)\}", NGINX)) | {"MEDIA_ROOT", "STATIC_ROOT"}
    used |= {f"{name.upper()}_{of}" for name in SERVICES for of in ("PROCESSES", "THREADS")}
    used |= set(re.findall(r'os\.environ\["(\w+)"\]', gunicorn)) - {"SERVICE"}
    assert used == set(variables())


def test_rendering_leaves_no_variable_of_ours_and_all_of_nginx_s() -> None:
    filled = subprocess.run(
        [sys.executable, FOLDER / "render.py", FOLDER / "nginx.conf.template"],
        env={"LISTEN_HTTPS": "127.0.0.1:8443"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "${" not in filled
    assert "listen 127.0.0.1:8443 ssl" in filled
    assert "alias /var/lib/batchcalls/media/;" in filled
    assert "Host $http_host;" in filled


def test_streams_leave_threads_to_everybody_else(settings: Any) -> None:
    for name in ("PAGES", "API"):
        assert int(variables()[f"{name}_THREADS"]) > settings.STREAMS_AT_ONCE


# nginx -------------------------------------------------------------------------------------------


def size_of(text: str) -> int:
    return int(text[:-1]) * {"k": 1 << 10, "m": 1 << 20}[text[-1]]


def locations() -> Iterator[tuple[str, str, str]]:
    """Yield operator, pattern, and body of each location of the server with TLS."""
    filled = re.sub(r"\$\{(\w+)\}", lambda found: variables()[found[1]], NGINX)
    server = filled.partition(" ssl default_server")[2]
    yield from re.findall(r'location (=|~|\^~|) ?"?([^\s"]+)"? \{([^}]*)\}', server)


def location_of(path: str) -> str:
    """Return the body of the location that nginx chooses for a path."""
    known = list(locations())
    exact = [body for kind, name, body in known if kind == "=" and name == path]
    prefixes = [one for one in known if one[0] in {"^~", ""} and path.startswith(one[1])]
    kind, _, body = max(prefixes, key=lambda one: len(one[1]))
    expressions = [body for kind, name, body in known if kind == "~" and re.search(name, path)]
    return [*exact, *([body] if kind == "^~" else []), *expressions, body][0]


def limit_of(path: str) -> int:
    found = re.search(r"client_max_body_size (\S+);", location_of(path))
    return size_of(found[1] if found else "64k")


def doors() -> Iterator[str]:
    for name in bodies.UPLOAD_PAGES:
        yield reverse(name, args=[BATCH] if name.endswith(("_upload", "_rows")) else [])
    for name in bodies.UPLOAD_OPERATIONS:
        yield reverse(name, args=[] if name.endswith("list") else [BATCH])


@pytest.mark.parametrize("path", sorted(doors()))
def test_nginx_lets_a_list_through_each_upload_door(path: str) -> None:
    assert limit_of(path) >= bodies.limit_of(path)
    assert "limit_conn uploads" in location_of(path)


@pytest.mark.parametrize(
    "path", ["/", "/batchcalls/batch/", "/api/v1/calls", "/v1/calls", "/hooks/voice/1/"]
)
def test_nginx_accepts_what_the_application_accepts_and_little_more(path: str) -> None:
    assert bodies.limit_of(path) <= limit_of(path) <= 1.3 * bodies.limit_of(path)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/healthz", "stop"),
        ("/readyz", "stop"),
        ("/metrics", "api"),
        (reverse("admin:emergency_stop"), "stop"),
        (reverse("admin:emergency_lift"), "stop"),
        (reverse("voice-webhook", args=[1]), "hooks"),
        (reverse("opt-out-hook", args=[BATCH]), "hooks"),
        ("/api/v1/me", "api"),
        ("/api/docs/", "api"),
        ("/v2/batches", "api"),
        ("/login/", "pages"),
        ("/campaigns/campaign/", "pages"),
    ],
)
def test_each_address_has_its_service(path: str, service: str) -> None:
    assert f"proxy_pass http://{service};" in location_of(path)


def test_stored_files_cannot_be_asked_for() -> None:
    assert "internal;" in location_of("/-/media/exports/1/results.xlsx")


# Units and containers ----------------------------------------------------------------------------


def test_the_target_starts_each_service_and_a_worker() -> None:
    wanted = " ".join(unit("batchcalls.target")["Wants"]).split()
    assert wanted == [
        *(f"batchcalls-web@{name}.service" for name in SERVICES),
        "batchcalls-worker@1.service",
    ]


def test_units_are_what_systemd_understands(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed.")
    shutil.copytree(UNITS, tmp_path / "units")
    for path in (tmp_path / "units").glob("*.service"):
        text = path.read_text("utf-8")
        path.write_text(re.sub(r"/opt/batchcalls/current/\.venv/bin/\w+", "/bin/true", text))
    units = sorted((tmp_path / "units").glob("*.*"))
    verified = subprocess.run(
        [analyze, "verify", "--man=no", *(unit for unit in units if unit.is_file())],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in verified.stderr.splitlines() if "batchcalls" in line]
    assert (verified.returncode, ours) == (0, [])


def test_containers_run_the_same_services_in_the_same_way() -> None:
    assert {name: COMPOSE["services"][name]["environment"]["SERVICE"] for name in SERVICES} == {
        name: name for name in SERVICES
    }
    (command,) = unit("batchcalls-web@.service")["ExecStart"]
    command = command.removeprefix("/opt/batchcalls/current/.venv/bin/")
    for name in SERVICES:
        service = COMPOSE["services"][name]
        assert " ".join(service["command"]) == command.removeprefix(
            "/opt/batchcalls/current/.venv/bin/"
        )
        own = environment_of("batchcalls-web@.service")
        assert {of: service["environment"][of] for of in own} == {**own, "SERVICE": name}
        assert "deploy.env" in service["env_file"]
    worker = " ".join(COMPOSE["services"]["worker"]["command"])
    assert unit("batchcalls-worker@.service")["ExecStart"][0].endswith(worker)


def test_volumes_of_containers_are_where_the_variables_say() -> None:
    mounted = {volume.split(":")[1] for volume in COMPOSE["services"]["nginx"]["volumes"]}
    assert variables()["RUN_DIR"] in mounted
    for name in ("MEDIA_ROOT", "STATIC_ROOT"):
        assert str(Path(variables()[name]).parent) in mounted


def test_the_image_contains_what_it_copies() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+) ", (FOLDER / "Dockerfile").read_text("utf-8"), re.M)
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8")
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name.split('/')[0]}\n" in ignored


# Packages ----------------------------------------------------------------------------------------


def pins() -> dict[str, tuple[Version, int]]:
    """Return the pinned version and the number of hashes of each package."""
    text = (FOLDER / "requirements.txt").read_text("utf-8").replace("\\\n", "")
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.split()[0].partition("==")
            found[canonicalize_name(name)] = Version(version), line.count("--hash=sha256:")
    return found


def needed() -> Iterator[Requirement]:
    """Yield what pyproject.toml asks for, and what that asks for in turn."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    waiting = [*project["dependencies"], *extras["postgres"], *extras["redis"]]
    seen = set()
    while waiting:
        requirement = Requirement(waiting.pop())
        key = canonicalize_name(requirement.name), *sorted(requirement.extras)
        if key in seen:
            continue
        seen.add(key)
        yield requirement
        for text in importlib.metadata.requires(requirement.name) or []:
            inner = Requirement(text)
            extra = [{"extra": name} for name in ("", *requirement.extras)]
            if inner.marker is None or any(inner.marker.evaluate(one) for one in extra):
                waiting.append(text)


def test_every_package_of_a_deployment_is_pinned_with_hashes() -> None:
    """Renew them as config/deploy/README.md says after a change of pyproject.toml."""
    pinned = pins()
    for requirement in needed():
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} is not in config/deploy/requirements.txt."
        version, hashes = pinned[name]
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} {version}"
        assert hashes > 0, f"{name} has no hash."
