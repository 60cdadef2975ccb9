"""Requests to other servers: HTTP that knows whether a request was sent, and checked addresses."""
