"""Replace Django's default admin site with the back office."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    """Django's admin app with our admin site."""

    default_site = "batchcalls.back_office.BackOffice"
