"""The back office's pages for campaigns and rules. Importing the modules registers them."""

from campaigns.admin import allowed_hosts, campaigns, pathways, policies

__all__ = ["allowed_hosts", "campaigns", "pathways", "policies"]
