"""Where each page lives. The back office is Django's admin, at the root."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

admin.site.site_header = admin.site.site_title = "Batch Calls"
admin.site.index_title = "Back office"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", admin.site.urls),
]
