"""The campaigns app: texts, call settings and calling rules."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """The configuration of the campaigns app, which does not depend on batches."""

    name = "campaigns"
    verbose_name = "Campaigns"
