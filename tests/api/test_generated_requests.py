"""Whatever is sent to the API is answered as its schema says.

Not collected on PostgreSQL: building these tests takes seconds in each process, and `tests/doors`
sends both databases the values that they differ on.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import Program
from tests.api.test_schema import SCHEMA

config = SchemathesisConfig.from_dict(
    {
        "generation": {"max-examples": 12, "deterministic": True, "database": "none"},
        "phases": {"coverage": {"enabled": False}, "stateful": {"enabled": False}},
    }
)
contract = schemathesis.openapi.from_dict(json.loads(json.dumps(SCHEMA)), config=config)
contract.app = get_wsgi_application()


@pytest.fixture
def asked(program: Program, settings: Any) -> Iterator[Program]:
    """A program that asks much; requests leave the connection of the test alone."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield program
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.one_database
@pytest.mark.django_db
@contract.parametrize()
@hypothesis.settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_whatever_is_sent_is_answered_as_the_schema_says(
    case: Any, asked: Program, world: dict[str, list[str]]
) -> None:
    parts = case.path.split("/")
    for place, part in enumerate(parts):
        known = world.get(parts[place - 1], [])
        name = part[1:-1]
        given = str(case.path_parameters.get(name)) if part.startswith("{") else ""
        chance = zlib.crc32(given.encode(errors="replace"))
        if known and given and chance % 4:  # every fourth address is one that is made up
            case.path_parameters[name] = known[chance % len(known)]
    case.call_and_validate(
        headers={"Authorization": f"Bearer {asked.secret}"},
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )
