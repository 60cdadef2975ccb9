"""Bulk writes and leases, for any table, and the clock that all hosts share."""
