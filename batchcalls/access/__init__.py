"""Access: API keys, roles, permissions, repeated requests, and JSON bodies from clients."""
