"""Our own API, at /api/v1/: programs do what people do on the pages, by the same verbs."""
