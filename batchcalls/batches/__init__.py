"""Every change of a batch's or list's status, retries, what halts calling, and do-not-call."""
