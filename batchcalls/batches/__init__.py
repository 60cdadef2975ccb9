"""Every change of a batch's or list's status, retries, and what halts calling."""
