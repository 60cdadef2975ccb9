"""How lists are narrowed: the same for page, export and API."""
