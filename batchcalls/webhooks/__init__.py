"""Who is notified of what happens: the outbox, endpoints, payloads, signing, delivery."""
