"""Bulk writes, leases, and stored files, for any table, and the clock that all hosts share."""
