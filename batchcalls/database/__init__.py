"""Bulk writes, leases, and stored files, for any table."""
