"""How long data is kept: erasure and archives of one number, retention, and purges."""
