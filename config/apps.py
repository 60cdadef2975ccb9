"""The back office in the place of Django's own admin site."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    """Django's admin, on our site."""

    default_site = "batchcalls.back_office.BackOffice"
