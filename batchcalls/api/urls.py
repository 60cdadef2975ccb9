"""Where each resource lives."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import SimpleRouter

from batchcalls.api import pathways
from batchcalls.api.docs import ApiDocs, ApiSchema

router = SimpleRouter(trailing_slash=False)
router.register("pathways", pathways.Pathways, "pathway")
router.register("tools", pathways.Tools, "tool")

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include((router.urls, "v1"))),
    path("schema/", ApiSchema.as_view(), name="schema"),
    path("docs/", ApiDocs.as_view(), name="docs"),
]
