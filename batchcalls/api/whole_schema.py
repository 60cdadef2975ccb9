"""What the OpenAPI document needs once all operations are in it (drf-spectacular hooks)."""

from __future__ import annotations

from typing import Any

from batchcalls.api.settings_schema import components

_NULL = "NullEnum"
#: Components that have no serializer with a docstring.
_DESCRIPTIONS = {
    "BlankEnum": "An empty string: no value.",
    _NULL: "Null: no value.",
    "OneOrMoreNumbersRequest": "A number that must not be called, or a list of them.",
}


def correct_required_members(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Mark no member of a call as required, because the client chooses which are returned.

    A form that changes a draft needs a file, though all other members of a PATCH are optional.
    """
    schemas = result["components"]["schemas"]
    schemas["Call"].pop("required", None)
    schemas["PatchedBatchChangesOfFileRequest"]["required"] = ["file"]
    return result


def describe_call_settings(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add the schemas of call settings. Their enums stay inline."""
    schemas = result["components"]["schemas"]
    result["components"]["schemas"] = dict(sorted({**schemas, **components()}.items()))
    return result


def describe_components(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Describe components that no serializer describes, and the rows of pages."""
    for name, schema in result["components"]["schemas"].items():
        if name in _DESCRIPTIONS:
            schema["description"] = _DESCRIPTIONS[name]
        if name.startswith("Paginated"):
            schema["properties"]["results"]["description"] = "The rows of the page."
    return result


def allow_null_in_references(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Write what may be null so that every reader of OpenAPI 3.0 understands it.

    ``nullable`` means nothing without a ``type``, as beside a reference. Source: OpenAPI 3.0.3,
    Schema Object.
    """
    schemas = result["components"]["schemas"]
    schemas[_NULL] = {"enum": [None], "description": _DESCRIPTIONS[_NULL]}
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    _allow_null(result)
    return result


def _allow_null(part: Any) -> None:
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            _allow_null(inner)
    if isinstance(part, dict) and part.get("nullable") is True and "type" not in part:
        del part["nullable"]
        if references := part.pop("allOf", None):
            part["oneOf"] = [*references, {"$ref": f"#/components/schemas/{_NULL}"}]


def name_server(result: dict[str, Any], request: Any, **kwargs: Any) -> dict[str, Any]:
    """Name the server that was asked for the document; a file of it names none."""
    if request is not None:
        url = request.build_absolute_uri("/").rstrip("/")
        result["servers"] = [{**server, "url": url} for server in result["servers"]]
    return result
