"""Outgoing webhooks: the outbox, endpoints, payloads, signing, and delivery."""
