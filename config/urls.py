"""URL routes of pages and webhooks. The back office is Django's admin, at the root."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from batchcalls.api.opt_out_hook import OptOutHook
from batchcalls.api.unknown_urls import nowhere
from batchcalls.calling import provider_events

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.unexpected"

urlpatterns: list[URLPattern | URLResolver] = [
    path("hooks/voice/<int:account_id>/", provider_events.receive, name="voice-webhook"),
    path("hooks/opt-outs/<uuid:source_id>", OptOutHook.as_view(), name="opt-out-hook"),
    path("api/", include(("batchcalls.blandapi.docs.urls", "bland-docs"))),
    path("api/", include(("batchcalls.api.urls", "api"))),
    path("", include(("batchcalls.blandapi.urls", "blandapi"))),
    re_path(r"^(?:api|hooks)(?:/|$)", nowhere),
    path("", admin.site.urls),
]
