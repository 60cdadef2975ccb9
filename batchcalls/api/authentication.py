"""Authentication by API key. Back-office sessions do not work here."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from batchcalls.access import api_keys
from batchcalls.models import ApiKey


class KeyAuthentication(BaseAuthentication):
    """Reads a key from the ``Authorization`` header, bare or as a bearer token (RFC 6750)."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        """Return the key's owner and the key. Raise `AuthenticationFailed` for an invalid key."""
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        key = api_keys.find(api_keys.secret_in(header))
        if key is None:
            raise AuthenticationFailed(
                "This API key is unknown, revoked, or expired. Create one under API keys."
            )
        return key.owner, key

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that the response is a 401."""
        return 'Bearer realm="Batch Calls"'


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the scheme in the OpenAPI document."""

    target_class = KeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme as an OpenAPI 3 object."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, as `Authorization: Bearer bc_…`.",
        }


def key_of(request: Request) -> ApiKey:
    """Return the key of a request. Only for operations that need a key."""
    key: Any = request.auth
    return key  # type: ignore[no-any-return]


def actor_of(request: Request) -> Any:
    """Return the user on whose behalf a request acts."""
    return request.user
