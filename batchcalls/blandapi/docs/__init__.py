"""The OpenAPI document of the Bland-compatible API, derived from its routes and parameters."""
