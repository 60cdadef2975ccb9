"""The back office's pages for campaigns and rules. Importing the modules registers them."""

from campaigns.admin import campaigns, lists, pathways, policies

__all__ = ["campaigns", "lists", "pathways", "policies"]
