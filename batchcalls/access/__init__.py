"""Who may do what: API keys, roles, permissions, repeated requests, JSON bodies of strangers."""
