"""The URLs of the documents, below /api/."""

from __future__ import annotations

from django.urls import path

from batchcalls.blandapi.docs import views

urlpatterns = [
    path("schema/bland/", views.schema, name="schema"),
    path("docs/bland/", views.Page.as_view(), name="docs"),
    path("docs/from-bland/", views.from_bland, name="from-bland"),
]
