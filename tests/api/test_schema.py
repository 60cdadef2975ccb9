"""What the schema promises: it is up to date, lint-clean, exemplified, and kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema
from jsonschema import Draft4Validator

from batchcalls.api.examples import EXAMPLES
from batchcalls.models import Scope
from tests.api.conftest import ADMINISTRATORS, MakeProgram, Program
from tests.api.described import undescribed

FILE = Path(__file__).parents[2] / "batchcalls" / "api" / "openapi.yaml"
RENEW = "python manage.py spectacular --validate --fail-on-warn --file batchcalls/api/openapi.yaml"
#: Which scope an operation needs is told by trying; those that any key may do.
FREE = {"me_show"}
#: What only administrators may do, as only they manage voice accounts.
FOR_ADMINISTRATORS = {"accounts_try_now"}


def generate() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


SCHEMA = generate()
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in SCHEMA["paths"].items()
    for method, operation in methods.items()
}
named = pytest.mark.parametrize("name", sorted(OPERATIONS))


def owner_of(name: str) -> str:
    """Return who may do an operation."""
    return ADMINISTRATORS if name in FOR_ADMINISTRATORS else "Managers"


class TestTheFile:
    def test_it_is_what_the_code_says(self) -> None:
        text = OpenApiYamlRenderer().render(SCHEMA, renderer_context={}).decode()
        assert FILE.read_text("utf-8") == text, f"It is out of date. Renew it: {RENEW}"

    def test_it_is_clean(self) -> None:
        with GENERATOR_STATS.silence():
            validate_schema(generate())
            warnings = [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]
        assert not warnings

    def test_everything_is_described(self) -> None:
        places = undescribed(SCHEMA)
        assert not places, (
            f"These {len(places)} places have no description. Give a field its help_text, a "
            f"serializer or an action its docstring: {', '.join(places)}"
        )

    def test_every_tag_is_described(self) -> None:
        described = {tag["name"] for tag in SCHEMA["tags"] if tag["description"]}
        used = {tag for *_, operation in OPERATIONS.values() for tag in operation["tags"]}
        assert used == described

    @named
    def test_every_operation_has_examples_that_keep_to_the_schema(self, name: str) -> None:
        _, _, operation = OPERATIONS[name]
        bodies = [operation.get("requestBody", {}).get("content", {}).get("application/json")]
        for status, told in operation["responses"].items():
            if status.startswith("2"):
                bodies += [
                    body for kind, body in told.get("content", {}).items() if "audio" not in kind
                ]
        for one in filter(None, bodies):
            [shown] = one["examples"].values()
            schema = {**nullable(one["schema"]), "components": nullable(SCHEMA["components"])}
            Draft4Validator(schema).validate(shown["value"])


def nullable(schema: Any) -> Any:
    """Say OpenAPI 3.0's ``nullable`` as JSON Schema does."""
    if isinstance(schema, list):
        return [nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    said = {key: nullable(value) for key, value in schema.items()}
    return {"anyOf": [said, {"type": "null"}]} if schema.get("nullable") is True else said


def addresses(path: str, ids: Callable[[str], str]) -> str:
    """Fill in the places of an address, each by the name of the resource before it."""
    parts = path.split("/")
    return "/".join(
        ids(parts[place - 1]) if part.startswith("{") else part for place, part in enumerate(parts)
    )


# Each operation is asked by each scope: the same lines over and over.
@pytest.mark.django_db
class TestEveryDoor:
    @pytest.mark.one_database
    @named
    def test_nobody_enters_without_a_key(self, client: Any, name: str) -> None:
        method, path, _ = OPERATIONS[name]
        answer = client.generic(method, addresses(path, lambda _: "1"))
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"

    @pytest.mark.one_database
    @named
    def test_one_scope_opens_it_and_all_others_do_not(
        self, make_program: MakeProgram, name: str
    ) -> None:
        method, path, _ = OPERATIONS[name]
        address = addresses(path, lambda _: "1")

        def status(program: Program) -> int:
            return int(program.send(method, address, {} if method != "GET" else None).status_code)

        owner = owner_of(name)
        programs = {scope: make_program(owner, scopes=[scope]) for scope in Scope.values}
        opened = [scope for scope, program in programs.items() if status(program) != 403]
        assert len(opened) == (len(Scope) if name in FREE else 1)
        # And nobody of the staff whom no group lets in.
        assert (status(make_program("")) != 403) is (name in FREE)

    @pytest.mark.parametrize(
        "name", [one for one in sorted(OPERATIONS) if "{" in OPERATIONS[one][1]]
    )
    def test_what_is_not_there_is_not_found(self, make_program: MakeProgram, name: str) -> None:
        program = make_program(owner_of(name))
        method, path, _ = OPERATIONS[name]
        for written in (
            "987654321",
            "x",
            "00000000-0000-4000-8000-000000000000",
            "9" * 40,
            "+12025550199",
        ):
            body = EXAMPLES.get(name, {}).get("request", {} if method != "GET" else None)
            answer = program.send(method, addresses(path, lambda _, w=written: w), body)
            assert answer.status_code == 404, (written, answer.json())
            assert answer.json()["code"] == "not_found"
