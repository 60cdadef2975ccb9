"""Access: API keys, roles, permissions, repeated requests, JSON bodies, and problem details."""
