"""Bulk writes and leases, for any table."""
