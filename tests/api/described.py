"""What an OpenAPI document leaves unexplained: a walk over all that its readers see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})


def undescribed(document: dict[str, Any]) -> list[str]:
    """Return the place of everything that lacks a description, such as ``Batch.name``."""
    schemas = document["components"]["schemas"]
    return [
        *_of_document(document),
        *(place for name, schema in schemas.items() for place in _of_schema(name, schema, schemas)),
        *(
            f"{operation.get('operationId', f'{method} {path}')}: {place}"
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if method in _METHODS
            for place in _of_operation(operation, schemas)
        ),
    ]


def _of_document(document: dict[str, Any]) -> Iterator[str]:
    described = {
        "info": [document["info"]],
        "servers": document.get("servers") or [{}],
        "tags": document.get("tags") or [{}],
        "security schemes": [*document["components"].get("securitySchemes", {}).values()] or [{}],
    }
    yield from (name for name, many in described.items() if not all(map(_text_of, many)))


def _of_operation(operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    for member in ("summary", "description", "tags", "operationId"):
        if not operation.get(member):
            yield member
    if "security" not in operation:
        yield "security"
    for parameter in operation.get("parameters", []):
        if not _text_of(parameter):
            yield f"parameter {parameter['name']}"
    bodies = [("request", operation["requestBody"])] if "requestBody" in operation else []
    for status, response in operation["responses"].items():
        bodies.append((f"response {status}", response))
        if not _text_of(response):
            yield f"response {status}"
        for name, header in response.get("headers", {}).items():
            if not _text_of(header):
                yield f"response {status} header {name}"
    for name, body in bodies:
        for content in body.get("content", {}).values():
            yield from _of_members(name, content.get("schema", {}), schemas)


def _of_schema(name: str, schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    if not _is_described(schema, schemas):
        yield name
    yield from _of_members(name, schema, schemas)


def _of_members(name: str, schema: Any, schemas: dict[str, Any]) -> Iterator[str]:
    """Yield the members of an object that nothing describes, however deep they are."""
    if not isinstance(schema, dict):
        return
    for member, inner in schema.get("properties", {}).items():
        yield from _of_schema(f"{name}.{member}", inner, schemas)
    for part in ("items", "additionalProperties"):
        yield from _of_members(f"{name}[]", schema.get(part), schemas)
    for part in ("allOf", "oneOf", "anyOf"):
        for inner in schema.get(part, ()):
            yield from _of_members(name, inner, schemas)


def _is_described(schema: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Tell whether a schema, or the one schema that it refers to, has a description."""
    if _text_of(schema):
        return True
    if reference := schema.get("$ref"):
        return _is_described(schemas[reference.rsplit("/", 1)[1]], schemas)
    inner = schema.get("allOf", ())
    return len(inner) == 1 and _is_described(inner[0], schemas)


def _text_of(thing: dict[str, Any]) -> str:
    return str(thing.get("description", "")).strip()
