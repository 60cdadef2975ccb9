"""The back office's pages for campaigns and rules. Importing the modules registers them."""

from campaigns.admin import campaigns, pathways, policies

__all__ = ["campaigns", "pathways", "policies"]
