"""Our own API at /api/v1/: what people do on pages, for programs, with the same functions."""
