"""The page that shows what is kept, for how long, and what the next purge takes."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from batchcalls.access.permissions import require
from batchcalls.database import clock
from batchcalls.keeping import purging
from batchcalls.keeping.retention import OTHERS

PERMISSION = "batchcalls.view_purge"


@require_safe
def retention_view(request: HttpRequest) -> HttpResponse:
    """Show each kind of data with its setting. The settings are in the environment."""
    require(request.user, PERMISSION)
    context = {
        **admin.site.each_context(request),
        "title": "Retention",
        "kinds": purging.due(clock.now()),
        "others": [(label, what, name, getattr(settings, name)) for label, what, name in OTHERS],
    }
    return TemplateResponse(request, "admin/retention.html", context)
