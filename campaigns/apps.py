"""The campaigns app: what is said and under which rules."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Knows nothing of batches."""

    name = "campaigns"
    verbose_name = "Campaigns"
