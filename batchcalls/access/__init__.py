"""Who may do what: API keys, roles, repeated requests, and the JSON bodies of strangers."""
